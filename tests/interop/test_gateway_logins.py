"""Logins move between the server and Telethon, both ways."""

import base64
import urllib.parse

from telethon import functions
from telethon.sessions import StringSession

from gateway_case import GatewayCase
from interop_case import HOME_DATACENTRE, until
from server import RefusedError


class Logins(GatewayCase):
    """Sessions and QR codes."""

    async def test_code_of_the_server_is_scanned_by_telethon(self):
        shown = await self.server.call("POST", "/telegram/login/qr", {})
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(shown["url"]).query)["token"][0]
        self.assertEqual(shown["url"], f"tg://login?token={token}")
        request = functions.auth.AcceptLoginTokenRequest(_bytes_of(token))
        accepted = await self.client_of_bob(request)
        self.assertEqual(accepted.device_model, "vasya-server")

        async def authorized():
            login = await self.server.call("GET", f"/telegram/login/qr/{shown['accountId']}")
            return login if login["status"] == "authorized" else None

        login = await until("the login is complete", authorized)
        self.assertEqual((login["accountId"], login["user"]["id"]), (shown["accountId"], self.bob.id))
        chats = await self.server.call("GET", f"/accounts/{login['accountId']}/chats")
        self.assertIn("Alice", [chat["title"] for chat in chats])

    async def test_session_made_by_telethon_is_taken_over(self):
        carol = await self.person("Carol")
        session = StringSession()
        session.set_dc(HOME_DATACENTRE, *self.network.datacentres[HOME_DATACENTRE])
        client = await self.sign_in(carol, session=session)
        await self.network.post(self.alice.phone, carol.phone, "hello, Carol")
        await client.disconnect()
        outcome = await self.server.call("POST", "/telegram/login/import", {"session": session.save()})
        self.assertEqual((outcome["status"], outcome["user"]["id"]), ("authorized", carol.id))
        account = f"/accounts/{outcome['accountId']}"
        chats = await self.server.call("GET", f"{account}/chats")
        self.assertEqual([chat["title"] for chat in chats], ["Alice"])
        await self.server.call("POST", f"{account}/chats/{self.alice.id}/messages", {"text": "hello, Alice"})
        self.assertEqual(await self.network.texts(carol.phone, self.alice.phone), ["hello, Carol", "hello, Alice"])
        session.set_dc(HOME_DATACENTRE, "127.0.0.1", 9)
        with self.assertRaises(RefusedError) as refused:
            await self.server.call("POST", "/telegram/login/import", {"session": session.save()})
        self.assertEqual(refused.exception.status, 400)

    async def test_session_of_the_server_is_opened_by_telethon(self):
        exported = await self.server.call("POST", f"{self.account}/session/export", {})
        self.assertEqual(exported["format"], "telethon")
        session = StringSession(exported["session"])
        self.assertEqual((session.server_address, session.port), self.network.datacentres[session.dc_id])
        client = self.client(session)
        await client.connect()
        me = await client.get_me()
        self.assertEqual(me.id, self.alice.id)
        self.assertEqual([dialog.name for dialog in await client.get_dialogs()], ["Bob"])


def _bytes_of(token):
    """What URL-safe base64 without padding says."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
