"""Signing in by QR code, and as a bot."""

import asyncio
from datetime import datetime, timezone

from telethon import errors, functions, types

from interop_case import HOME_DATACENTRE, WAIT_SECONDS, InteropCase


class QrLogin(InteropCase):
    """A device that shows a code, and another one that scans it."""

    async def waiting(self, datacentre=HOME_DATACENTRE):
        """A client that shows a code."""
        client = self.client(datacentre=datacentre)
        await client.connect()
        return client, await client.qr_login()

    async def test_scanned_code_signs_the_waiting_client_in(self):
        alice = await self.person("Alice")
        phone = await self.sign_in(alice)
        client, shown = await self.waiting()
        self.assertTrue(shown.url.startswith("tg://login?token="))
        waiting = asyncio.create_task(shown.wait(WAIT_SECONDS))
        accepted = await phone(functions.auth.AcceptLoginTokenRequest(shown.token))
        self.assertEqual((accepted.api_id, accepted.current), (17_349, False))
        self.assertEqual((await waiting).id, alice.id)
        self.assertTrue(await client.is_user_authorized())
        with self.assertRaises(errors.AuthTokenInvalidxError):
            await phone(functions.auth.AcceptLoginTokenRequest(shown.token))

    async def test_client_of_a_foreign_datacentre_moves_home(self):
        alice = await self.person("Alice")
        phone = await self.sign_in(alice)
        client, shown = await self.waiting(datacentre=3)
        waiting = asyncio.create_task(shown.wait(WAIT_SECONDS))
        await phone(functions.auth.AcceptLoginTokenRequest(shown.token))
        self.assertEqual((await waiting).id, alice.id)
        self.assertEqual(client.session.dc_id, HOME_DATACENTRE)
        self.assertEqual((await client.get_me()).id, alice.id)

    async def test_password_is_still_asked_for(self):
        alice = await self.person("Alice", password="correct horse battery staple")
        client, shown = await self.waiting(datacentre=1)
        waiting = asyncio.create_task(shown.wait(WAIT_SECONDS))
        await self.network.scan(alice.phone, shown.url)
        with self.assertRaises(errors.SessionPasswordNeededError):
            await waiting
        self.assertEqual((await client.sign_in(password="correct horse battery staple")).id, alice.id)

    async def test_tokens_expire_and_leave_users_out(self):
        alice = await self.person("Alice")
        phone = await self.sign_in(alice)
        await self.network.call("PUT", "/settings", {"loginTokenSecs": 1})
        client, shown = await self.waiting()
        await asyncio.sleep((shown.expires - datetime.now(timezone.utc)).total_seconds())
        with self.assertRaises(errors.AuthTokenExpiredError):
            await phone(functions.auth.AcceptLoginTokenRequest(shown.token))
        await self.network.call("PUT", "/settings", {"loginTokenSecs": 30})
        await shown.recreate()
        request = functions.auth.ExportLoginTokenRequest(client.api_id, client.api_hash, [alice.id])
        excluding = await client(request)
        self.assertIsInstance(excluding, types.auth.LoginToken)
        with self.assertRaises(errors.BadRequestError):
            await phone(functions.auth.AcceptLoginTokenRequest(excluding.token))


class Bots(InteropCase):
    """Programs that sign in with a token."""

    async def test_bot_signs_in_with_its_token(self):
        bot = await self.network.call("POST", "/bots", {"firstName": "Robot", "username": "robot_of_sign_in"})
        client = self.client(datacentre=1)
        await client.connect()
        me = await client.sign_in(bot_token=bot["token"])
        self.assertEqual((me.id, me.bot, me.phone), (bot["id"], True, None))
        self.assertEqual(client.session.dc_id, HOME_DATACENTRE)
        alice = await self.person("Alice")
        await self.network.post(alice.phone, "robot_of_sign_in", "hello, robot")
        self.assertEqual(await self.network.texts(alice.phone, "robot_of_sign_in"), ["hello, robot"])
        with self.assertRaises(errors.BotMethodInvalidError):
            await client.get_dialogs()
        stranger = self.client()
        await stranger.connect()
        with self.assertRaises(errors.AccessTokenInvalidError):
            await stranger.sign_in(bot_token=f"{bot['id']}:{'0' * 35}")


class Codes(InteropCase):
    """Codes that are asked for again."""

    async def test_next_way_until_there_is_none(self):
        alice = await self.person("Alice")
        client = self.client()
        await client.connect()
        sent = await client.send_code_request(alice.phone)
        self.assertIsInstance(sent.type, types.auth.SentCodeTypeSms)
        self.assertIsInstance(sent.next_type, types.auth.CodeTypeCall)
        again = await client(functions.auth.ResendCodeRequest(alice.phone, sent.phone_code_hash))
        self.assertIsInstance(again.type, types.auth.SentCodeTypeCall)
        self.assertIsNone(again.next_type)
        with self.assertRaises(errors.SendCodeUnavailableError):
            await client(functions.auth.ResendCodeRequest(alice.phone, again.phone_code_hash))
        code = await self.network.login_code(alice.phone)
        user = await client.sign_in(alice.phone, code, phone_code_hash=again.phone_code_hash)
        self.assertEqual(user.id, alice.id)
