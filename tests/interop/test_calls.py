"""Calls between the server and Telethon, whose side of the key is computed here: right, and wrong in each way that matters."""

import hashlib
import os

from telethon import events, functions, types

from gateway_case import GatewayCase
from interop_case import Events, until
from server import RefusedError

NUMBER_BYTES = 256
PROTOCOL = types.PhoneCallProtocol(65, 92, ["2.4.4"], udp_p2p=True, udp_reflector=True)


class Half:
    """One side of an exchange."""

    def __init__(self, generator, prime):
        self.prime = int.from_bytes(prime, "big")
        self.secret = int.from_bytes(os.urandom(NUMBER_BYTES), "big")
        self.public = pow(generator, self.secret, self.prime).to_bytes(NUMBER_BYTES, "big")

    def fingerprint(self, theirs):
        """The fingerprint of the key that this half and another's lead to."""
        key = pow(int.from_bytes(theirs, "big"), self.secret, self.prime).to_bytes(NUMBER_BYTES, "big")
        return int.from_bytes(hashlib.sha1(key).digest()[12:20], "little", signed=True)


def shown(fingerprint):
    """A fingerprint as the server's API shows it."""
    return fingerprint.to_bytes(8, "big", signed=True).hex()


class Calls(GatewayCase):
    """Alice is on the server, Bob on Telethon."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.told = Events(self.client_of_bob, events.Raw(types.UpdatePhoneCall))

    async def news(self, kind):
        """The next thing of this kind that Bob's client is told of a call."""
        while True:
            call = (await self.told.take()).phone_call
            if isinstance(call, kind):
                return call

    async def calls(self, state=None):
        """Alice's calls; those in a state, if one is given."""
        calls = (await self.server.call("GET", f"{self.account}/calls"))["items"]
        return [call for call in calls if state in (None, call["state"])]

    async def act(self, action, **body):
        """Does something with a call of Alice's."""
        return await self.server.call("POST", f"{self.account}/calls/{action}", body)

    async def call_alice(self):
        """Bob calls Alice, who accepts. Answers Bob's half, the call as Bob names it, and Alice's half."""
        config = await self.client_of_bob(functions.messages.GetDhConfigRequest(0, NUMBER_BYTES))
        half = Half(config.g, config.p)
        commitment = hashlib.sha256(half.public).digest()
        request = functions.phone.RequestCallRequest(self.peer, commitment, PROTOCOL, random_id=7)
        asked = (await self.client_of_bob(request)).phone_call
        ringing = (await until("Alice's side rings", lambda: self.calls("ringing")))[0]
        self.assertEqual((ringing["callId"], ringing["peerUserId"], ringing["isOutgoing"]), (asked.id, self.bob.id, False))
        waiting = await self.news(types.PhoneCallWaiting)
        self.assertIsNotNone(waiting.receive_date, "Bob is told that it rings")
        self.assertEqual((await self.act("accept", callId=asked.id))["state"], "accepted")
        accepted = await self.news(types.PhoneCallAccepted)
        return half, types.InputPhoneCall(asked.id, asked.access_hash), accepted.g_b

    async def confirm(self, call, half, fingerprint):
        """Bob confirms."""
        return await self.client_of_bob(functions.phone.ConfirmCallRequest(call, half, fingerprint, PROTOCOL))

    async def test_who_is_called_comes_to_the_callers_key(self):
        half, call, g_b = await self.call_alice()
        fingerprint = half.fingerprint(g_b)
        await self.confirm(call, half.public, fingerprint)
        active = (await until("Alice's side has the key", lambda: self.calls("active")))[0]
        self.assertEqual(active["keyFingerprint"], shown(fingerprint))
        hang_up = functions.phone.DiscardCallRequest(call, 3, types.PhoneCallDiscardReasonHangup(), 0)
        await self.client_of_bob(hang_up)
        await until("Alice's side has forgotten the call", self.has_none)

    async def has_none(self):
        """Whether Alice has no call."""
        return not await self.calls()

    async def test_a_caller_with_another_key_is_hung_up_on(self):
        half, call, g_b = await self.call_alice()
        await self.confirm(call, half.public, half.fingerprint(g_b) ^ 1)
        over = await self.news(types.PhoneCallDiscarded)
        self.assertIsInstance(over.reason, types.PhoneCallDiscardReasonDisconnect)
        await until("Alice's side has forgotten the call", self.has_none)

    async def test_the_callee_has_the_key_that_the_server_has(self):
        asked = await self.act("request", userId=self.bob.id)
        requested = await self.news(types.PhoneCallRequested)
        config = await self.client_of_bob(functions.messages.GetDhConfigRequest(0, NUMBER_BYTES))
        half, call = Half(config.g, config.p), types.InputPhoneCall(requested.id, requested.access_hash)
        await self.client_of_bob(functions.phone.ReceivedCallRequest(call))
        await until("Alice is told that it rings", lambda: self.calls("ringing"))
        await self.client_of_bob(functions.phone.AcceptCallRequest(call, half.public, PROTOCOL))
        accepted = (await until("Alice is told that Bob accepts", lambda: self.calls("accepted")))[0]
        self.assertEqual(bytes(accepted["gB"]), half.public)
        confirmed = await self.act("confirm", callId=asked["callId"], gB=list(half.public))
        agreed = await self.news(types.PhoneCall)
        self.assertEqual(hashlib.sha256(agreed.g_a_or_b).digest(), requested.g_a_hash, "Alice kept to her half")
        self.assertEqual(agreed.key_fingerprint, half.fingerprint(agreed.g_a_or_b))
        self.assertEqual(confirmed["keyFingerprint"], shown(agreed.key_fingerprint))

    async def test_a_half_that_gives_the_key_away_is_refused(self):
        config = await self.client_of_bob(functions.messages.GetDhConfigRequest(0, NUMBER_BYTES))
        prime = int.from_bytes(config.p, "big")
        for weak in (0, 1, prime - 1, prime, 2**1984, prime - 2**1984):
            asked = await self.act("request", userId=self.bob.id)
            requested = await self.news(types.PhoneCallRequested)
            call = types.InputPhoneCall(requested.id, requested.access_hash)
            half = weak.to_bytes(NUMBER_BYTES, "big")
            await self.client_of_bob(functions.phone.AcceptCallRequest(call, half, PROTOCOL))
            await until("Alice is told that Bob accepts", lambda: self.calls("accepted"))
            with self.assertRaises(RefusedError) as refused:
                await self.act("confirm", callId=asked["callId"])
            self.assertEqual(refused.exception.status, 502)
            await self.news(types.PhoneCallDiscarded)
            await until("Alice's side has forgotten the call", self.has_none)
