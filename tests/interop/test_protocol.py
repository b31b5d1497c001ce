"""What lies beneath the methods: clocks, keys, salts, containers, and sessions in other datacentres."""

import asyncio
import os

from telethon import errors, functions, types
from telethon.crypto import AuthKey
from telethon.tl.core import GzipPacked

from interop_case import HOME_DATACENTRE, InteropCase

FOREIGN_DATACENTRE = 3


class Protocol(InteropCase):
    """Alice's client, and what its sender knows of the network."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.alice, self.bob = await self.person("Alice"), await self.person("Bob")
        # Before she signs in, so that it comes to no client by itself.
        await self.network.post(self.bob.phone, self.alice.phone, "hello")
        self.client_of_alice = await self.sign_in(self.alice)
        self.peer = (await self.client_of_alice.get_dialogs())[0].input_entity

    async def test_the_configuration_names_every_datacentre(self):
        config = await self.client_of_alice(functions.help.GetConfigRequest())
        named = {option.id: (option.ip_address, option.port) for option in config.dc_options}
        self.assertEqual(named, self.network.datacentres)
        self.assertEqual(config.this_dc, HOME_DATACENTRE)
        nearest = await self.client_of_alice(functions.help.GetNearestDcRequest())
        self.assertEqual((nearest.this_dc, nearest.nearest_dc), (HOME_DATACENTRE, HOME_DATACENTRE))

    async def test_a_clock_that_is_wrong_is_corrected(self):
        state = self.client_of_alice._sender._state
        for offset in (5_000, -5_000):
            with self.subTest(offset=offset):
                state.time_offset, state._last_msg_id = offset, 0
                self.assertEqual((await self.client_of_alice.get_me()).id, self.alice.id)
                self.assertLess(abs(state.time_offset), 60)

    async def test_a_salt_that_is_wrong_is_corrected(self):
        state = self.client_of_alice._sender._state
        state.salt = 12_345
        self.assertEqual((await self.client_of_alice.get_me()).id, self.alice.id)
        self.assertNotEqual(state.salt, 12_345)
        salts = await self.client_of_alice(functions.GetFutureSaltsRequest(num=3))
        self.assertEqual(len(salts.salts), 3)

    async def test_an_unknown_key_is_refused(self):
        stranger = self.client(key=AuthKey(os.urandom(256)))
        with self.assertRaises((ConnectionError, errors.AuthKeyNotFound)):
            await stranger.connect()
            await stranger(functions.help.GetConfigRequest())
        with self.assertRaises(errors.AuthKeyNotFound):
            await stranger.disconnected

    async def test_ping(self):
        pong = await self.client_of_alice(functions.PingRequest(ping_id=42))
        self.assertEqual(pong.ping_id, 42)

    async def test_many_calls_at_once(self):
        texts = [f"message {number}" for number in range(100)]
        sent = await asyncio.gather(*(self.client_of_alice.send_message(self.peer, text) for text in texts))
        self.assertEqual(len({message.id for message in sent}), 100)
        kept = await self.network.texts(self.alice.phone, self.bob.phone)
        self.assertEqual(sorted(kept), sorted(["hello", *texts]))
        ids = {message.id: message.text async for message in self.client_of_alice.iter_messages(self.peer)}
        for text, message in zip(texts, sent):
            self.assertEqual(ids[message.id], text)

    async def test_calls_in_order(self):
        requests = [functions.messages.SendMessageRequest(self.peer, f"in order {number}") for number in range(20)]
        await self.client_of_alice(requests, ordered=True)
        kept = await self.network.texts(self.alice.phone, self.bob.phone)
        self.assertEqual(kept, ["hello", *(f"in order {number}" for number in range(20))])

    async def test_compressed_calls(self):
        text = "compress me " * 200
        request = functions.messages.SendMessageRequest(self.peer, text)
        self.assertLess(len(bytes(GzipPacked(bytes(request)))), len(bytes(request)))
        await self.client_of_alice(request)
        self.assertEqual((await self.network.texts(self.alice.phone, self.bob.phone))[-1].strip(), text.strip())

    async def test_the_authorization_is_exported_to_another_datacentre(self):
        client = self.client_of_alice
        sender = await client._borrow_exported_sender(FOREIGN_DATACENTRE)
        users = await client._call(sender, functions.users.GetUsersRequest([types.InputUserSelf()]))
        self.assertEqual(users[0].id, self.alice.id)
        config = await client._call(sender, functions.help.GetConfigRequest())
        self.assertEqual(config.this_dc, FOREIGN_DATACENTRE)
        await client._return_exported_sender(sender)

    async def test_an_unknown_method_is_refused(self):
        with self.assertRaises(errors.RPCError):
            await self.client_of_alice(functions.payments.GetPaymentFormRequest(types.InputInvoiceSlug("none")))
        self.assertEqual((await self.client_of_alice.get_me()).id, self.alice.id)

    async def test_a_call_without_a_login_is_refused(self):
        stranger = self.client()
        await stranger.connect()
        with self.assertRaises(errors.AuthKeyUnregisteredError):
            await stranger(functions.messages.GetDialogsRequest(None, 0, types.InputPeerEmpty(), 10, 0))

    async def test_two_clients_of_one_key(self):
        other = self.client(key=self.client_of_alice.session.auth_key)
        await other.connect()
        messages, others = await self.new_messages(self.client_of_alice), await self.new_messages(other)
        await self.network.post(self.bob.phone, self.alice.phone, "to both")
        self.assertEqual(await messages.take_texts(1), ["to both"])
        self.assertEqual(await others.take_texts(1), ["to both"])

    async def test_full_descriptions(self):
        client = self.client_of_alice
        user = await client(functions.users.GetFullUserRequest(self.peer))
        self.assertEqual((user.full_user.id, user.users[0].first_name), (self.bob.id, "Bob"))
        await self.network.create_chat("group", self.bob.phone, "G", self.alice.phone)
        await self.network.create_chat("supergroup", self.bob.phone, "S", self.alice.phone)
        dialogs = {dialog.name: dialog for dialog in await client.get_dialogs()}
        group = await client(functions.messages.GetFullChatRequest(dialogs["G"].entity.id))
        self.assertEqual(len(group.full_chat.participants.participants), 2)
        supergroup = await client(functions.channels.GetFullChannelRequest(dialogs["S"].entity))
        self.assertEqual((supergroup.full_chat.participants_count, supergroup.chats[0].title), (2, "S"))
