"""Pins, reactions, drafts, scheduled messages and searches read the same through the API and in Telethon."""

import time
from datetime import UTC, datetime, timedelta

from telethon import events, functions, types

from gateway_case import GatewayCase
from interop_case import Events, until

HOUR = 3_600


class Marks(GatewayCase):
    """What is said of a message beside its text."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.sent = await self.api("POST", "/messages", {"text": "the lighthouse is dark"})
        self.seen = await self.newest_of_bob()

    async def test_a_pin_made_through_the_api(self):
        pins = Events(self.client_of_bob, events.Raw(types.UpdatePinnedMessages))
        await self.api("PUT", f"/messages/{self.sent['id']}/pin", {})
        told = await pins.take()
        self.assertEqual((told.pinned, told.messages), (True, [self.seen.id]))
        pinned = await self.client_of_bob.get_messages(self.peer, filter=types.InputMessagesFilterPinned())
        self.assertEqual([message.raw_text for message in pinned], ["the lighthouse is dark"])
        self.assertTrue(pinned[0].pinned)
        notice = await self.newest_of_bob()
        self.assertIsInstance(notice.action, types.MessageActionPinMessage)
        self.assertEqual(notice.reply_to_msg_id, self.seen.id)
        await self.api("DELETE", "/pins")
        told = await pins.take()
        self.assertEqual((bool(told.pinned), told.messages), (False, [self.seen.id]))

    async def test_a_pin_made_in_telethon(self):
        await self.client_of_bob.pin_message(self.peer, self.seen.id, pm_oneside=False)
        pinned = (await self.api("GET", "/pins"))["items"]
        self.assertEqual([(message["text"], message["pinned"]) for message in pinned], [("the lighthouse is dark", True)])
        await self.client_of_bob.unpin_message(self.peer)
        self.assertEqual((await self.api("GET", "/pins"))["items"], [])

    async def test_a_reaction_made_through_the_api(self):
        reactions = Events(self.client_of_bob, events.Raw(types.UpdateMessageReactions))
        await self.api("PUT", f"/messages/{self.sent['id']}/reactions", {"emoji": "🔥"})
        told = await reactions.take()
        counted = [(count.reaction.emoticon, count.count, count.chosen_order) for count in told.reactions.results]
        self.assertEqual((told.msg_id, counted), (self.seen.id, [("🔥", 1, None)]))
        listed = await self.client_of_bob(
            functions.messages.GetMessageReactionsListRequest(self.peer, self.seen.id, limit=10, reaction=None)
        )
        self.assertEqual([reaction.peer_id.user_id for reaction in listed.reactions], [self.alice.id])
        await self.api("DELETE", f"/messages/{self.sent['id']}/reactions")
        self.assertEqual((await reactions.take()).reactions.results, [])

    async def test_a_reaction_made_in_telethon(self):
        reaction = [types.ReactionEmoji("👍")]
        await self.client_of_bob(functions.messages.SendReactionRequest(self.peer, self.seen.id, reaction=reaction))
        read = await self.api("GET", f"/messages/{self.sent['id']}")
        self.assertEqual(read["reactions"], [{"emoji": "👍", "count": 1}])
        listed = await self.api("GET", f"/messages/{self.sent['id']}/reactions")
        given = [(item["senderId"], item["senderName"], item["emoji"]) for item in listed["items"]]
        self.assertEqual(given, [(self.bob.id, "Bob", "👍")])

    async def test_a_search_in_both(self):
        await self.client_of_bob.send_message(self.peer, "which lighthouse?")
        found = await self.api("GET", "/messages/search?q=light")
        self.assertEqual([message["text"] for message in found], ["which lighthouse?", "the lighthouse is dark"])
        everywhere = await self.server.call("GET", f"{self.account}/messages/search?q=light")
        self.assertEqual([result["markedChatId"] for result in everywhere], [self.bob.id] * 2)
        of_bob = await self.client_of_bob.get_messages(self.peer, search="light", limit=10)
        self.assertEqual([message.raw_text for message in of_bob], [message["text"] for message in found])
        globally = await self.client_of_bob.get_messages(None, search="light", limit=10)
        self.assertEqual([message.raw_text for message in globally], [message["text"] for message in found])

    async def test_reading_in_both_directions(self):
        for number in range(1, 6):
            await self.client_of_bob.send_message(self.peer, f"number {number}")
        of_bob = await self.client_of_bob.get_messages(self.peer, min_id=self.seen.id, reverse=True, limit=3)
        after = await self.api("GET", f"/messages?afterId={self.sent['id']}&limit=3")
        self.assertEqual([message["text"] for message in reversed(after)], [message.raw_text for message in of_bob])
        self.assertEqual(after[-1]["text"], "number 1")

    async def test_a_receipt_of_a_message_that_telethon_read(self):
        self.assertEqual((await self.api("GET", f"/messages/{self.sent['id']}/readers"))["items"], [])
        await self.client_of_bob.send_read_acknowledge(self.peer)
        readers = (await self.api("GET", f"/messages/{self.sent['id']}/readers"))["items"]
        self.assertEqual([reader["userId"] for reader in readers], [self.bob.id])


class Unsent(GatewayCase):
    """What is not sent yet, on two devices of one person: the server and Telethon."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.client_of_alice = await self.sign_in(self.alice)
        self.peer_of_alice = (await self.client_of_alice.get_dialogs())[0].input_entity

    async def test_a_draft_made_through_the_api(self):
        drafts = Events(self.client_of_alice, events.Raw(types.UpdateDraftMessage))
        await self.api("PUT", "/draft", {"text": "**very** well", "format": "markdown"})
        told = (await drafts.take()).draft
        self.assertEqual((told.message, [type(entity) for entity in told.entities]), ("very well", [types.MessageEntityBold]))
        dialog = (await self.client_of_alice.get_dialogs())[0]
        self.assertEqual(dialog.draft.raw_text, "very well")
        await self.api("DELETE", "/draft")
        self.assertIsInstance((await drafts.take()).draft, types.DraftMessageEmpty)

    async def test_a_draft_made_in_telethon(self):
        draft = (await self.client_of_alice.get_dialogs())[0].draft
        await draft.set_message("__perhaps__", link_preview=False)
        kept = (await self.server.call("GET", f"{self.account}/drafts"))["items"]
        told = [(item["chatId"], item["text"], item["markdown"], item["linkPreview"]) for item in kept]
        self.assertEqual(told, [(self.bob.id, "perhaps", "*perhaps*", False)])
        await draft.delete()
        self.assertEqual((await self.server.call("GET", f"{self.account}/drafts"))["items"], [])

    async def test_a_message_scheduled_through_the_api(self):
        scheduled = Events(self.client_of_alice, events.Raw(types.UpdateNewScheduledMessage))
        gone = Events(self.client_of_alice, events.Raw(types.UpdateDeleteScheduledMessages))
        arriving = await self.new_messages(self.client_of_bob)
        at = int(time.time()) + HOUR
        made = await self.api("POST", "/messages", {"text": "wake up", "scheduleAt": at})
        told = (await scheduled.take()).message
        self.assertEqual((told.id, told.message, int(told.date.timestamp())), (made["id"], "wake up", at))
        self.assertTrue(told.from_scheduled and told.out)
        waiting = await self.client_of_alice.get_messages(self.peer_of_alice, scheduled=True)
        self.assertEqual([message.raw_text for message in waiting], ["wake up"])
        await self.network.call("POST", "/clock/advance", {"seconds": HOUR + 60})
        self.assertEqual(await arriving.take_texts(1), ["wake up"])
        left = await gone.take()
        sent = await self.newest_of_alice()
        self.assertEqual((left.messages, left.sent_messages, sent["text"]), ([made["id"]], [sent["id"]], "wake up"))

    async def test_a_message_scheduled_in_telethon(self):
        at = datetime.now(UTC) + timedelta(days=365) - timedelta(hours=2)
        await self.client_of_alice.send_message(self.peer_of_alice, "in a year", schedule=at)

        async def waiting():
            return (await self.api("GET", "/scheduled"))["items"]

        listed = await until("the message waits", waiting)
        told = [(message["text"], message["date"], message["scheduled"]) for message in listed]
        self.assertEqual(told, [("in a year", int(at.timestamp()), True)])
        sent = await self.api("POST", f"/scheduled/{listed[0]['id']}/send", {})
        self.assertEqual((sent["text"], (await self.newest_of_bob()).raw_text), ("in a year", "in a year"))
        self.assertEqual(await waiting(), [])
