"""Faults armed by the control API, as a client meets them."""

import urllib.parse

from telethon import errors

from interop_case import InteropCase, until


class Faults(InteropCase):
    """Alice's client meets them; nobody else may."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.alice, self.bob = await self.person("Alice"), await self.person("Bob")
        # Before she signs in, so that it comes to no client by itself.
        await self.network.post(self.bob.phone, self.alice.phone, "hello")
        self.client_of_alice = await self.sign_in(self.alice)
        self.peer = (await self.client_of_alice.get_dialogs())[0].input_entity
        self.addAsyncCleanup(self.network.clear_faults)

    async def arm(self, kind, **more):
        """Arms a fault of Alice's next message."""
        fault = {"method": "messages.sendMessage", "user": self.alice.phone, "count": 1, **more}
        await self.network.arm(kind, **fault)

    async def sent(self):
        """What Alice has sent to Bob."""
        return (await self.network.texts(self.bob.phone, self.alice.phone))[1:]

    async def test_flood_wait_is_told(self):
        await self.arm("flood_wait", seconds=300)
        with self.assertRaises(errors.FloodWaitError) as raised:
            await self.client_of_alice.send_message(self.peer, "too much")
        self.assertEqual(raised.exception.seconds, 300)
        self.assertEqual(await self.sent(), [])
        # Telethon itself keeps to the wait from here on; another client of Alice's is free, for the fault struck once.
        other = await self.sign_in(self.alice)
        await other.send_message((await other.get_dialogs())[0].input_entity, "not too much")
        self.assertEqual(await self.sent(), ["not too much"])

    async def test_flood_wait_is_waited_for(self):
        patient = await self.sign_in(self.alice, flood_sleep_threshold=60)
        peer = (await patient.get_dialogs())[0].input_entity
        await self.arm("flood_wait", seconds=1)
        await patient.send_message(peer, "after a while")
        self.assertEqual(await self.sent(), ["after a while"])

    async def test_a_limit_is_waited_for(self):
        patient = await self.sign_in(self.alice, flood_sleep_threshold=60)
        peer = (await patient.get_dialogs())[0].input_entity
        await self.arm("flood_limit", count=2, seconds=2)
        texts = [f"number {number}" for number in range(5)]
        for text in texts:
            await patient.send_message(peer, text)
        self.assertEqual(await self.sent(), texts)

    async def test_rpc_error_is_told(self):
        await self.arm("rpc_error", code=403, message="CHAT_WRITE_FORBIDDEN")
        with self.assertRaises(errors.ChatWriteForbiddenError):
            await self.client_of_alice.send_message(self.peer, "may I?")
        await self.client_of_alice.send_message(self.peer, "I may")
        self.assertEqual(await self.sent(), ["I may"])

    async def test_server_error_is_tried_again(self):
        await self.arm("server_error")
        await self.client_of_alice.send_message(self.peer, "once")
        self.assertEqual(await self.sent(), ["once"])

    async def test_delay_is_waited_for(self):
        await self.arm("delay", seconds=1)
        await self.client_of_alice.send_message(self.peer, "slowly")
        self.assertEqual(await self.sent(), ["slowly"])

    async def test_a_call_that_drops_the_connection_is_repeated(self):
        await self.arm("drop_connection")
        await self.client_of_alice.send_message(self.peer, "after all")
        self.assertEqual(await self.sent(), ["after all"])
        self.assertEqual(await self.network.armed(), [])

    async def test_a_dropped_connection_comes_back(self):
        messages = await self.new_messages(self.client_of_alice)
        for number in range(3):
            dropped = await self.network.call("POST", "/network/drop", {"user": self.alice.phone})
            self.assertEqual(dropped, {"dropped": 1})
            await self.network.post(self.bob.phone, self.alice.phone, f"away {number}")
            # Telethon asks for what it missed once the next update shows that it did.
            self.assertEqual((await self.client_of_alice.get_me()).id, self.alice.id)
            await self.network.post(self.bob.phone, self.alice.phone, f"back {number}")
            self.assertEqual(sorted(await messages.take_texts(2)), [f"away {number}", f"back {number}"])
        await self.client_of_alice.send_message(self.peer, "still here")
        self.assertEqual((await self.sent())[-1], "still here")

    async def test_every_connection_dropped_comes_back(self):
        client_of_bob = await self.sign_in(self.bob)
        await self.network.call("POST", "/network/drop")
        self.assertEqual((await client_of_bob.get_me()).id, self.bob.id)
        self.assertEqual((await self.client_of_alice.get_me()).id, self.alice.id)

    async def test_revoked_sessions(self):
        other, client_of_bob = await self.sign_in(self.alice), await self.sign_in(self.bob)
        phone = urllib.parse.quote(self.alice.phone)
        answer = await self.network.call("POST", f"/users/{phone}/revoke-sessions")
        self.assertEqual(answer, {"revoked": 2})
        for client in (self.client_of_alice, other):
            with self.assertRaises((errors.AuthKeyUnregisteredError, errors.SessionRevokedError)):
                await client.send_message(self.peer, "am I here?")
        self.assertEqual((await client_of_bob.get_me()).id, self.bob.id)
        again = await self.sign_in(self.alice)
        self.assertEqual([dialog.id for dialog in await again.get_dialogs()], [self.bob.id])
        self.assertEqual(await self.sent(), [])

    async def test_a_revoked_key_signs_in_again(self):
        phone = urllib.parse.quote(self.alice.phone)
        await self.network.call("POST", f"/users/{phone}/revoke-sessions")
        client = self.client_of_alice

        async def signed_out():
            try:
                await client.send_message(self.peer, "am I here?")
            except (errors.AuthKeyUnregisteredError, errors.SessionRevokedError):
                return True

        await until("the client is signed out", signed_out)
        sent = await client.send_code_request(self.alice.phone)
        code = await self.network.login_code(self.alice.phone)
        await client.sign_in(self.alice.phone, code, phone_code_hash=sent.phone_code_hash)
        await client.send_message(self.peer, "I am")
        self.assertEqual(await self.sent(), ["I am"])

    async def test_faults_that_sign_out(self):
        kinds = {
            "auth_key_unregistered": errors.AuthKeyUnregisteredError,
            "session_revoked": errors.SessionRevokedError,
            "user_deactivated": errors.UserDeactivatedError,
        }
        for kind, error in kinds.items():
            with self.subTest(kind=kind):
                client = await self.sign_in(self.alice)
                peer = (await client.get_dialogs())[0].input_entity
                await self.arm(kind)
                with self.assertRaises(error):
                    await client.send_message(peer, "am I here?")
        self.assertEqual(await self.sent(), [])
