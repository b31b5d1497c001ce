"""What is made through the server's API reads the same in Telethon, and the other way round."""

from telethon import types

from gateway_case import GatewayCase


class Texts(GatewayCase):
    """Text messages."""

    async def test_a_formatted_answer_made_through_the_api(self):
        first = await self.newest_of_alice()
        body = {"text": "**very** well, and `you`?", "format": "markdown", "replyTo": first["id"]}
        sent = await self.api("POST", "/messages", body)
        seen = await self.newest_of_bob()
        self.assertEqual((seen.raw_text, seen.out), ("very well, and you?", False))
        self.assertEqual([type(entity) for entity in seen.entities], [types.MessageEntityBold, types.MessageEntityCode])
        self.assertEqual((await seen.get_reply_message()).raw_text, "hello")
        self.assertEqual((sent["text"], sent["is_outgoing"]), (seen.raw_text, True))

    async def test_a_formatted_answer_made_in_telethon(self):
        sent = await self.client_of_bob.send_message(self.peer, "**oh**, __fine__")
        seen = await self.newest_of_alice()
        self.assertEqual((seen["text"], seen["from_user_id"]), ("oh, fine", self.bob.id))
        self.assertEqual(seen["date"], int(sent.date.timestamp()))
        kinds = [(entity["type"], entity["offset"], entity["length"]) for entity in seen["entities"]]
        self.assertEqual(kinds, [("bold", 0, 2), ("italic", 4, 4)])
