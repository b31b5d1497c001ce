"""What comes by itself: messages, edits, deletions; and how what was lost is made up for."""

from telethon import events, functions

from interop_case import Events, InteropCase


class Updates(InteropCase):
    """Alice's client listens; what Bob does, the control API does in his name."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.alice, self.bob = await self.person("Alice"), await self.person("Bob")
        # Before she signs in, so that it comes to no client by itself.
        await self.network.post(self.bob.phone, self.alice.phone, "the first")
        self.client_of_alice = await self.sign_in(self.alice)

    async def chats(self):
        """A chat of each kind that Alice and Bob share, and where Bob may write, by kind."""
        chats = {"private": self.alice.phone}
        for kind in ("group", "supergroup", "channel"):
            chats[kind] = await self.network.create_chat(kind, self.bob.phone, f"A {kind}", self.alice.phone)
        return chats

    async def lose(self, post, count):
        """Posts some messages whose updates are lost, and one more, which shows the gap. Answers all their texts."""
        # An update that the fault meets is lost for good, and the fault is met before the post is answered.
        await self.network.arm("lose_updates", user=self.alice.phone)
        texts = [f"lost {number}" for number in range(count)]
        for text in texts:
            await post(text)
        await self.network.clear_faults()
        await post("after the gap")
        return [*texts, "after the gap"]

    async def test_messages_of_every_kind_of_chat(self):
        chats = await self.chats()
        messages = await self.new_messages(self.client_of_alice)
        for kind, chat in chats.items():
            with self.subTest(kind=kind):
                await self.network.post(self.bob.phone, chat, f"news in {kind}")
                event = await messages.take()
                self.assertEqual(event.raw_text, f"news in {kind}")
                self.assertEqual(event.chat_id, self.bob.id if kind == "private" else chat)
                if kind != "channel":
                    self.assertEqual(event.sender_id, self.bob.id)
                    self.assertEqual((await event.get_sender()).first_name, "Bob")

    async def test_a_stranger_writes(self):
        messages = await self.new_messages(self.client_of_alice)
        carol = await self.person("Carol")
        await self.network.post(carol.phone, self.alice.phone, "you do not know me")
        event = await messages.take()
        self.assertEqual((await event.get_sender()).first_name, "Carol")
        await event.reply("indeed")
        self.assertEqual(await self.network.texts(carol.phone, self.alice.phone), ["you do not know me", "indeed"])

    async def test_a_new_chat_comes_with_its_first_message(self):
        messages = await self.new_messages(self.client_of_alice)
        chats = await self.chats()
        for kind in ("group", "supergroup", "channel"):
            with self.subTest(kind=kind):
                await self.network.post(self.bob.phone, chats[kind], "welcome")
                event = await messages.take()
                self.assertEqual((event.raw_text, event.chat_id), ("welcome", chats[kind]))
                self.assertEqual((await event.get_chat()).title, f"A {kind}")

    async def test_edits_and_deletions_of_another_client(self):
        chats = await self.chats()
        client_of_bob = await self.sign_in(self.bob)
        peers = {dialog.name: dialog.input_entity for dialog in await client_of_bob.get_dialogs()}
        messages = await self.new_messages(self.client_of_alice)
        edits = Events(self.client_of_alice, events.MessageEdited())
        deletions = Events(self.client_of_alice, events.MessageDeleted())
        for kind in chats:
            with self.subTest(kind=kind):
                peer = peers["Alice" if kind == "private" else f"A {kind}"]
                sent = await client_of_bob.send_message(peer, "frist")
                posted = await messages.take()
                await client_of_bob.edit_message(peer, sent.id, "first")
                edited = await edits.take()
                self.assertEqual((posted.raw_text, edited.raw_text, edited.id), ("frist", "first", posted.id))
                await client_of_bob.delete_messages(peer, sent.id, revoke=True)
                self.assertEqual((await deletions.take()).deleted_ids, [posted.id])

    async def test_what_one_device_sends_and_reads_another_is_told(self):
        other = await self.sign_in(self.alice)
        sent = Events(other, events.NewMessage(outgoing=True))
        read = Events(other, events.MessageRead(inbox=True))
        await other.get_dialogs()
        peer = (await self.client_of_alice.get_dialogs())[0].input_entity
        await self.client_of_alice.send_message(peer, "from the first device")
        self.assertEqual((await sent.take()).raw_text, "from the first device")
        await self.post_in_private("read me")
        await self.client_of_alice.send_read_acknowledge(peer)
        self.assertEqual((await read.take()).chat_id, self.bob.id)

    async def test_the_sender_learns_that_it_was_read(self):
        client_of_bob = await self.sign_in(self.bob)
        read = Events(client_of_bob, events.MessageRead())
        peer = (await client_of_bob.get_dialogs())[0].input_entity
        sent = await client_of_bob.send_message(peer, "have you read this?")
        of_bob = (await self.client_of_alice.get_dialogs())[0].input_entity
        await self.client_of_alice.send_read_acknowledge(of_bob)
        event = await read.take()
        self.assertEqual((event.chat_id, event.max_id), (self.alice.id, sent.id))

    async def test_typing_is_told(self):
        client_of_bob = await self.sign_in(self.bob)
        typing = Events(self.client_of_alice, events.UserUpdate())
        await self.client_of_alice.get_dialogs()
        peer = (await client_of_bob.get_dialogs())[0].input_entity
        async with client_of_bob.action(peer, "typing"):
            event = await typing.take()
        self.assertEqual((event.user_id, event.typing), (self.bob.id, True))

    async def test_a_gap_of_the_account_is_made_up_for(self):
        messages = await self.new_messages(self.client_of_alice)
        asked = await self.network.count("updates.getDifference")
        texts = await self.lose(self.post_in_private, 3)
        self.assertEqual(sorted(await messages.take_texts(4)), sorted(texts))
        self.assertGreater(await self.network.count("updates.getDifference"), asked)
        await self.post_in_private("and on it goes")
        self.assertEqual(await messages.take_texts(1), ["and on it goes"])

    async def post_in_private(self, text):
        """Bob writes to Alice."""
        await self.network.post(self.bob.phone, self.alice.phone, text)

    async def test_a_gap_of_a_channel_is_made_up_for(self):
        for kind in ("supergroup", "channel"):
            with self.subTest(kind=kind):
                chat = await self.network.create_chat(kind, self.bob.phone, f"A {kind}", self.alice.phone)
                client = await self.sign_in(self.alice)
                messages = await self.new_messages(client)

                async def post(text, chat=chat):
                    await self.network.post(self.bob.phone, chat, text)

                await post("before the gap")
                self.assertEqual(await messages.take_texts(1), ["before the gap"])
                asked = await self.network.count("updates.getChannelDifference")
                texts = await self.lose(post, 3)
                self.assertEqual(sorted(await messages.take_texts(4)), sorted(texts))
                self.assertGreater(await self.network.count("updates.getChannelDifference"), asked)
                await post("and on it goes")
                self.assertEqual(await messages.take_texts(1), ["and on it goes"])

    async def test_updates_out_of_order_are_put_in_order(self):
        messages = await self.new_messages(self.client_of_alice)
        await self.network.arm("reorder_updates", user=self.alice.phone, count=1)
        for text in ("one", "two", "three"):
            await self.post_in_private(text)
        self.assertEqual(await messages.take_texts(3), ["one", "two", "three"])
        self.assertEqual(await self.network.armed(), [])

    async def test_a_long_gap_is_made_up_for_in_slices(self):
        messages = await self.new_messages(self.client_of_alice)
        asked = await self.network.count("updates.getDifference")
        texts = await self.lose(self.post_in_private, 230)
        self.assertEqual(sorted(await messages.take_texts(231)), sorted(texts))
        self.assertGreaterEqual(await self.network.count("updates.getDifference"), asked + 3)

    async def test_catching_up_after_an_absence(self):
        client = self.client_of_alice
        chats = await self.chats()
        messages = await self.new_messages(client)
        for chat in chats.values():
            await self.network.post(self.bob.phone, chat, "present")
        self.assertEqual(await messages.take_texts(4), ["present"] * 4)
        await client.disconnect()
        for kind, chat in chats.items():
            for number in range(2):
                await self.network.post(self.bob.phone, chat, f"absent from {kind} {number}")
        returned = self.client(client.session, catch_up=True)
        missed = Events(returned, events.NewMessage(incoming=True))
        await returned.connect()
        expected = [f"absent from {kind} {number}" for kind in chats for number in range(2)]
        self.assertEqual(sorted(await missed.take_texts(8)), sorted(expected))
        await self.post_in_private("present again")
        self.assertEqual(await missed.take_texts(1), ["present again"])

    async def test_a_session_without_updates_is_told_nothing(self):
        quiet = await self.sign_in(self.alice, receive_updates=False)
        quiet_messages, messages = await self.new_messages(quiet), await self.new_messages(self.client_of_alice)
        await self.post_in_private("does it come?")
        self.assertEqual(await messages.take_texts(1), ["does it come?"])
        # What had been sent to the quiet session before the first answer would be told before the second.
        await quiet(functions.updates.GetStateRequest())
        await quiet(functions.updates.GetStateRequest())
        self.assertTrue(quiet_messages.queue.empty())
