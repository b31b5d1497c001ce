"""Dialogs, history, and what is done to messages."""

from telethon import errors, functions, types

from interop_case import InteropCase


class Messages(InteropCase):
    """Alice's client, and Bob of whom only the control API knows."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.alice, self.bob = await self.person("Alice"), await self.person("Bob")
        self.client_of_alice = await self.sign_in(self.alice)

    async def history(self, peer):
        """Ids and texts of a conversation as the client has it, newest first."""
        return [(message.id, message.text) async for message in self.client_of_alice.iter_messages(peer)]

    async def peer_of(self, title):
        """What the client calls a dialog."""
        return {dialog.name: dialog.input_entity async for dialog in self.client_of_alice.iter_dialogs()}[title]

    async def test_dialogs_of_every_kind_are_listed(self):
        client, network, alice, bob = self.client_of_alice, self.network, self.alice, self.bob
        group = await network.create_chat("group", bob.phone, "A group", alice.phone)
        supergroup = await network.create_chat("supergroup", bob.phone, "A supergroup", alice.phone)
        channel = await network.create_chat("channel", bob.phone, "A channel", alice.phone)
        await network.post(bob.phone, alice.phone, "in private")
        for chat in (group, supergroup, channel):
            await network.post(bob.phone, chat, f"in {chat}")
        dialogs = {dialog.id: dialog async for dialog in client.iter_dialogs()}
        self.assertEqual(set(dialogs), {bob.id, group, supergroup, channel})
        self.assertEqual((dialogs[bob.id].is_user, dialogs[bob.id].name), (True, "Bob"))
        self.assertEqual((dialogs[group].is_group, dialogs[group].name), (True, "A group"))
        self.assertEqual((dialogs[supergroup].is_group, dialogs[supergroup].name), (True, "A supergroup"))
        self.assertEqual((dialogs[channel].is_channel, dialogs[channel].name), (True, "A channel"))
        self.assertFalse(dialogs[channel].is_group)
        self.assertEqual(dialogs[bob.id].message.text, "in private")
        self.assertEqual((await dialogs[bob.id].message.get_sender()).id, bob.id)
        for chat in (group, supergroup, channel):
            self.assertEqual(dialogs[chat].message.text, f"in {chat}")
        self.assertEqual(dialogs[bob.id].unread_count, 1)

    async def test_dialogs_come_in_pages(self):
        for number in range(7):
            other = await self.person(f"Person {number}")
            await self.network.post(other.phone, self.alice.phone, "hello")
        names = [dialog.name async for dialog in self.client_of_alice.iter_dialogs(limit=5)]
        self.assertEqual(len(names), 5)
        everything = await self.client_of_alice.get_dialogs()
        last = everything[2]
        position = {"offset_date": last.date, "offset_id": last.message.id, "offset_peer": last.input_entity}
        rest = await self.client_of_alice.get_dialogs(**position)
        self.assertEqual([dialog.id for dialog in rest], [dialog.id for dialog in everything[3:]])

    async def test_history_comes_in_pages(self):
        texts = [f"message {number}" for number in range(150)]
        for text in texts:
            await self.network.post(self.bob.phone, self.alice.phone, text)
        peer = await self.peer_of("Bob")
        everything = await self.history(peer)
        self.assertEqual([text for _, text in everything], texts[::-1])
        client = self.client_of_alice
        middle = everything[70][0]
        older = await client.get_messages(peer, limit=3, offset_id=middle)
        self.assertEqual([message.text for message in older], [text for _, text in everything[71:74]])
        oldest = await client.get_messages(peer, limit=3, reverse=True)
        self.assertEqual([message.text for message in oldest], texts[:3])
        newer = await client.get_messages(peer, limit=3, reverse=True, min_id=middle)
        self.assertEqual([message.text for message in newer], [text for _, text in everything[67:70]][::-1])
        between = await client.get_messages(peer, limit=None, min_id=everything[80][0], max_id=everything[77][0])
        self.assertEqual([message.text for message in between], [text for _, text in everything[78:80]])
        self.assertEqual((await client.get_messages(peer, limit=0)).total, 150)
        self.assertEqual((await client.get_messages(peer, ids=middle)).text, everything[70][1])

    async def test_history_of_a_channel(self):
        channel = await self.network.create_chat("channel", self.bob.phone, "News", self.alice.phone)
        texts = [f"news {number}" for number in range(5)]
        for text in texts:
            await self.network.post(self.bob.phone, channel, text)
        peer = await self.peer_of("News")
        found = [text for _, text in await self.history(peer) if text]
        self.assertEqual(found, texts[::-1])
        newest = (await self.client_of_alice.get_messages(peer, limit=1))[0]
        self.assertEqual((await self.client_of_alice.get_messages(peer, ids=newest.id)).text, texts[-1])

    async def test_send_edit_and_delete_in_private(self):
        client, network, alice, bob = self.client_of_alice, self.network, self.alice, self.bob
        await network.post(bob.phone, alice.phone, "hello")
        peer = await self.peer_of("Bob")
        sent = await client.send_message(peer, "how are **you**?")
        self.assertTrue(sent.out)
        self.assertIsInstance(sent.entities[0], types.MessageEntityBold)
        self.assertEqual(await network.texts(bob.phone, alice.phone), ["hello", "how are you?"])
        self.assertEqual(await network.texts(alice.phone, bob.phone), ["hello", "how are you?"])
        self.assertEqual((await client.get_messages(peer, ids=sent.id)).text, "how are **you**?")
        edited = await client.edit_message(sent, "and you?")
        self.assertEqual((edited.id, edited.text), (sent.id, "and you?"))
        self.assertIsNotNone(edited.edit_date)
        self.assertEqual(await network.texts(bob.phone, alice.phone), ["hello", "and you?"])
        with self.assertRaises(errors.MessageNotModifiedError):
            await client.edit_message(sent, "and you?")
        reply = await client.send_message(peer, "a reply", reply_to=sent)
        self.assertEqual((await client.get_messages(peer, ids=reply.id)).reply_to.reply_to_msg_id, sent.id)
        await client.delete_messages(peer, [sent.id, reply.id], revoke=True)
        self.assertEqual(await network.texts(bob.phone, alice.phone), ["hello"])
        self.assertEqual([text for _, text in await self.history(peer)], ["hello"])
        self.assertIsNone(await client.get_messages(peer, ids=sent.id))

    async def test_deleting_for_oneself_leaves_the_others_copy(self):
        client, network, alice, bob = self.client_of_alice, self.network, self.alice, self.bob
        await network.post(bob.phone, alice.phone, "hello")
        peer = await self.peer_of("Bob")
        sent = await client.send_message(peer, "oh")
        await client.delete_messages(peer, sent.id, revoke=False)
        self.assertEqual(await network.texts(bob.phone, alice.phone), ["hello", "oh"])
        self.assertEqual(await network.texts(alice.phone, bob.phone), ["hello"])

    async def test_the_same_random_id_sends_once(self):
        network, alice, bob = self.network, self.alice, self.bob
        await network.post(bob.phone, alice.phone, "hello")
        peer = await self.peer_of("Bob")
        request = functions.messages.SendMessageRequest(peer, "once", random_id=77)
        # The error is of the class of the network's own faults, after which Telethon tries again unless it is told not to.
        client = await self.sign_in(self.alice, request_retries=0, raise_last_call_error=True)
        await client(request)
        with self.assertRaises(errors.RandomIdDuplicateError):
            await client(request)
        self.assertEqual(await network.texts(bob.phone, alice.phone), ["hello", "once"])

    async def test_send_edit_and_delete_in_chats(self):
        for kind in ("group", "supergroup", "channel"):
            with self.subTest(kind=kind):
                chat = await self.network.create_chat(kind, self.alice.phone, f"My {kind}", self.bob.phone)
                peer = await self.peer_of(f"My {kind}")
                before = len(await self.network.texts(self.bob.phone, str(chat)))
                sent = await self.client_of_alice.send_message(peer, "a text")
                self.assertEqual((await self.network.texts(self.bob.phone, str(chat)))[before:], ["a text"])
                await self.client_of_alice.edit_message(peer, sent.id, "another text")
                self.assertEqual((await self.network.texts(self.bob.phone, str(chat)))[before:], ["another text"])
                await self.client_of_alice.delete_messages(peer, sent.id)
                self.assertEqual((await self.network.texts(self.bob.phone, str(chat)))[before:], [])

    async def test_readers_of_a_channel_may_not_write(self):
        await self.network.create_chat("channel", self.bob.phone, "Bob's own", self.alice.phone)
        peer = await self.peer_of("Bob's own")
        with self.assertRaises(errors.ChatWriteForbiddenError):
            await self.client_of_alice.send_message(peer, "may I?")

    async def test_mark_read(self):
        network, alice, bob = self.network, self.alice, self.bob
        chats = {
            "Bob": alice.phone,
            "G": await network.create_chat("group", bob.phone, "G", alice.phone),
            "C": await network.create_chat("channel", bob.phone, "C", alice.phone),
        }
        for chat in chats.values():
            await network.post(bob.phone, chat, "one")
            await network.post(bob.phone, chat, "two")
        unread = {dialog.name: dialog for dialog in await self.client_of_alice.get_dialogs()}
        for name in chats:
            with self.subTest(name=name):
                dialog = unread[name]
                self.assertGreaterEqual(dialog.unread_count, 2)
                first = (await self.client_of_alice.get_messages(dialog.input_entity, limit=2))[1]
                await self.client_of_alice.send_read_acknowledge(dialog.input_entity, first)
                self.assertEqual(await self.unread_of(name), 1)
                await self.client_of_alice.send_read_acknowledge(dialog.input_entity)
                self.assertEqual(await self.unread_of(name), 0)

    async def unread_of(self, name):
        """How many messages of a dialog the client has not read."""
        return {dialog.name: dialog.unread_count for dialog in await self.client_of_alice.get_dialogs()}[name]

    async def test_resolve_username(self):
        carol = await self.person("Carol", username="carol_of_messages")
        found = await self.client_of_alice.get_entity("@carol_of_messages")
        self.assertEqual((found.id, found.first_name), (carol.id, "Carol"))
        await self.client_of_alice.send_message("carol_of_messages", "hello Carol")
        self.assertEqual(await self.network.texts(carol.phone, self.alice.phone), ["hello Carol"])
        with self.assertRaisesRegex(ValueError, "No user has"):
            await self.client_of_alice.get_entity("@nobody_of_messages")

    async def test_contacts(self):
        card = types.InputPhoneContact(client_id=1, phone=self.bob.phone, first_name="Robert", last_name="")
        imported = await self.client_of_alice(functions.contacts.ImportContactsRequest([card]))
        self.assertEqual([user.id for user in imported.users], [self.bob.id])
        self.assertEqual((await self.client_of_alice.get_entity(self.bob.phone)).id, self.bob.id)

    async def test_chats_are_made_joined_and_left(self):
        client = self.client_of_alice
        carol = await self.person("Carol", username="carol_of_chats")
        made = await client(functions.messages.CreateChatRequest(users=["carol_of_chats"], title="Made here"))
        chat = made.updates.chats[0]
        self.assertEqual({user.id for user in await client.get_participants(chat)}, {self.alice.id, carol.id})
        made = await client(functions.channels.CreateChannelRequest("Supergroup made here", "about", megagroup=True))
        supergroup = made.chats[0]
        await client(functions.channels.InviteToChannelRequest(supergroup, ["carol_of_chats"]))
        members = await client.get_participants(supergroup)
        self.assertEqual({user.id for user in members}, {self.alice.id, carol.id})
        client_of_carol = await self.sign_in(carol)
        self.assertEqual({dialog.name for dialog in await client_of_carol.get_dialogs()}, {"Made here", "Supergroup made here"})
        dialogs = {dialog.name: dialog.input_entity for dialog in await client_of_carol.get_dialogs()}
        await client_of_carol(functions.channels.LeaveChannelRequest(dialogs["Supergroup made here"]))
        await client_of_carol(functions.messages.DeleteChatUserRequest(chat.id, "me"))
        self.assertEqual({user.id for user in await client.get_participants(supergroup)}, {self.alice.id})
        self.assertEqual({user.id for user in await client.get_participants(chat)}, {self.alice.id})
