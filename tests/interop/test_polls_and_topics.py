"""Polls, topics and buttons made through the API are the same in Telethon, and the other way round."""

import asyncio
import itertools

from telethon import Button, errors, events, functions, types

from gateway_case import GatewayCase
from interop_case import Events, until

bot_numbers = itertools.count(1)


def plain(text):
    """A text without formatting, as polls have it."""
    return types.TextWithEntities(text, [])


def counts(results):
    """How many chose each option."""
    return [voters.voters for voters in results.results]


class GroupCase(GatewayCase):
    """Alice and Bob are in a supergroup of Alice's."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.group = await self.network.create_chat("supergroup", self.alice.phone, "Divers", self.bob.phone)
        self.chat = f"{self.account}/chats/{self.group}"

        async def known():
            dialogs = await self.client_of_bob.get_dialogs()
            return next((dialog.input_entity for dialog in dialogs if dialog.id == self.group), None)

        self.peer = await until("Bob knows the group", known)
        await self.server.call("GET", f"{self.account}/chats?source=live")


class Polls(GroupCase):
    """Questions with votes."""

    async def test_a_poll_made_through_the_api(self):
        sent = await self.api("POST", "/polls", {"question": "Where to?", "options": ["north", "south"], "openSecs": 600})
        seen = await self.newest_of_bob()
        poll = seen.media.poll
        self.assertEqual((seen.id, poll.question.text, str(poll.id)), (sent["id"], "Where to?", sent["poll"]["id"]))
        self.assertEqual([answer.text.text for answer in poll.answers], ["north", "south"])
        self.assertEqual(int(poll.close_date.timestamp()), sent["poll"]["close_date"])
        self.assertIsNone(seen.media.results.results)
        voted = await self.client_of_bob(functions.messages.SendVoteRequest(self.peer, seen.id, [poll.answers[1].option]))
        told = next(update for update in voted.updates if isinstance(update, types.UpdateMessagePoll))
        self.assertEqual((counts(told.results), [voters.chosen for voters in told.results.results]), ([0, 1], [False, True]))
        read = (await self.api("GET", f"/messages/{sent['id']}"))["poll"]
        self.assertEqual((read["total_voters"], read["options"][1].get("voters")), (1, None))
        own = (await self.api("POST", f"/messages/{sent['id']}/vote", {"options": [0]}))["poll"]
        self.assertEqual([option["voters"] for option in own["options"]], [1, 1])
        polls = Events(self.client_of_bob, events.Raw(types.UpdateMessagePoll))
        await self.api("POST", f"/messages/{sent['id']}/close", {})
        told = await polls.take()
        self.assertEqual((told.poll.closed, counts(told.results)), (True, [1, 1]))
        with self.assertRaises(errors.MessagePollClosedError):
            await self.client_of_bob(functions.messages.SendVoteRequest(self.peer, seen.id, []))

    async def test_a_quiz_made_in_telethon(self):
        answers = [types.PollAnswer(plain("3"), b"three"), types.PollAnswer(plain("4"), b"four")]
        poll = types.Poll(0, plain("2 + 2?"), answers, 0, public_voters=True, quiz=True)
        media = types.InputMediaPoll(poll, correct_answers=[1], solution="Count.", solution_entities=[])
        sent = await self.client_of_bob.send_message(self.peer, file=media)
        seen = await self.newest_of_alice()
        self.assertEqual((seen["id"], seen["poll"]["question"], seen["poll"]["quiz"]), (sent.id, "2 + 2?", True))
        answered = (await self.api("POST", f"/messages/{sent.id}/vote", {"options": [0]}))["poll"]
        self.assertEqual([option["correct"] for option in answered["options"]], [False, True])
        self.assertEqual(answered["explanation"], "Count.")
        await self.client_of_bob(functions.messages.SendVoteRequest(self.peer, sent.id, [b"four"]))
        votes = await self.client_of_bob(functions.messages.GetPollVotesRequest(self.peer, sent.id, limit=10))
        chosen = {vote.peer.user_id: vote.option for vote in votes.votes}
        self.assertEqual(chosen, {self.alice.id: b"three", self.bob.id: b"four"})


class Topics(GroupCase):
    """The parts of a forum."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        await self.api("PATCH", "", {"isForum": True})

    async def topics_of_bob(self):
        request = functions.messages.GetForumTopicsRequest(self.peer, offset_date=None, offset_id=0, offset_topic=0, limit=10)
        return (await self.client_of_bob(request)).topics

    async def test_a_topic_made_through_the_api(self):
        made = await self.api("POST", "/topics", {"title": "Reefs", "iconColor": 9_367_192})
        topics = await self.topics_of_bob()
        self.assertEqual([(topic.id, topic.title) for topic in topics], [(made["id"], "Reefs"), (1, "General")])
        self.assertEqual((topics[0].icon_color, topics[0].from_id.user_id), (9_367_192, self.alice.id))
        await self.api("POST", "/messages", {"text": "look at this coral", "topicId": made["id"]})
        await self.api("POST", "/messages", {"text": "for everybody"})
        texts = [message.raw_text async for message in self.client_of_bob.iter_messages(self.peer, reply_to=made["id"])]
        self.assertIn("look at this coral", texts)
        self.assertNotIn("for everybody", texts)
        seen = (await self.client_of_bob.get_messages(self.peer, search="coral"))[0]
        self.assertEqual((seen.reply_to.forum_topic, seen.reply_to.reply_to_msg_id), (True, made["id"]))
        await self.api("PATCH", f"/topics/{made['id']}", {"isClosed": True})
        with self.assertRaises(errors.RPCError) as refused:
            await self.client_of_bob.send_message(self.peer, "late", reply_to=made["id"])
        self.assertIn("TOPIC_CLOSED", str(refused.exception))

    async def test_a_topic_made_in_telethon(self):
        made = await self.client_of_bob(functions.messages.CreateForumTopicRequest(self.peer, "Wrecks", random_id=7))
        notice = next(update.message for update in made.updates if isinstance(update, types.UpdateNewChannelMessage))
        self.assertEqual(notice.action.title, "Wrecks")
        listed = await self.api("GET", "/topics")
        self.assertEqual([(topic["id"], topic["title"]) for topic in listed], [(notice.id, "Wrecks"), (1, "General")])
        self.assertEqual(listed[0]["creatorUserId"], self.bob.id)
        await self.client_of_bob.send_message(self.peer, "an anchor", reply_to=notice.id)
        read = await self.api("GET", f"/messages?topic_id={notice.id}")
        self.assertEqual((read[0]["text"], read[0]["topic_id"], read[0].get("reply_to")), ("an anchor", notice.id, None))


class Buttons(GatewayCase):
    """What bots let people press."""

    async def test_a_button_of_a_bot_in_telethon(self):
        name = f"interop_helper_{next(bot_numbers)}_bot"
        made = await self.network.call("POST", "/bots", {"firstName": "Helper", "username": name})
        bot = self.client()
        await bot.connect()
        await bot.sign_in(bot_token=made["token"])

        async def ask(event):
            await event.respond("Shall I?", buttons=[[Button.inline("Yes", b"yes"), Button.url("See", "https://example.org")]])

        async def answer(event):
            await event.answer(f"So be it: {event.data.decode()}", alert=True)

        bot.add_event_handler(ask, events.NewMessage(incoming=True))
        bot.add_event_handler(answer, events.CallbackQuery())
        await self.server.call("GET", f"{self.account}/resolve?q={name}")
        self.chat = f"{self.account}/chats/{made['id']}"
        await self.api("POST", "/messages", {"text": "hello, helper"})

        async def asked():
            newest = await self.newest_of_alice()
            return newest if newest["text"] == "Shall I?" else None

        message = await until("the bot asks", asked)
        listed = (await self.api("GET", f"/messages/{message['id']}/buttons"))["items"]
        self.assertEqual([(button["text"], button["kind"]) for button in listed], [("Yes", "callback"), ("See", "url")])
        pressed = asyncio.create_task(self.api("POST", f"/messages/{message['id']}/buttons", {"text": "Yes"}))
        self.assertEqual(await pressed, {"message": "So be it: yes", "isAlert": True, "url": None})
