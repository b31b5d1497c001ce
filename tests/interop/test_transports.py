"""Every transport of TCP that Telegram has, under the same conversation."""

from telethon import network
from telethon.network.connection.connection import Connection, ObfuscatedConnection
from telethon.network.connection.tcpintermediate import IntermediatePacketCodec, RandomizedIntermediatePacketCodec
from telethon.network.connection.tcpobfuscated import ObfuscatedIO

from interop_case import HOME_DATACENTRE, InteropCase


class ObfuscatedIntermediate(ObfuscatedConnection):
    """Intermediate frames inside obfuscated2."""

    obfuscated_io = ObfuscatedIO
    packet_codec = IntermediatePacketCodec


class PaddedCodec(RandomizedIntermediatePacketCodec):
    """Padded frames in the clear, which Telethon itself has only behind a proxy."""

    tag = RandomizedIntermediatePacketCodec.obfuscate_tag


class Padded(Connection):
    """Padded intermediate frames in the clear."""

    packet_codec = PaddedCodec


class ObfuscatedPadded(ObfuscatedConnection):
    """Padded intermediate frames inside obfuscated2."""

    obfuscated_io = ObfuscatedIO
    packet_codec = RandomizedIntermediatePacketCodec


class Transports(InteropCase):
    """A key exchange, a move to another datacentre, calls, and updates; frames from a few bytes to many kilobytes."""

    async def converse(self, connection):
        """Signs in and talks over a transport."""
        alice, bob = await self.person("Alice"), await self.person("Bob")
        for text in ("short", "long " * 800):
            await self.network.post(bob.phone, alice.phone, text.strip())
        client = await self.sign_in(alice, datacentre=1, connection=connection)
        self.assertEqual(client.session.dc_id, HOME_DATACENTRE)
        messages = await self.new_messages(client)
        peer = (await client.get_dialogs())[0].input_entity
        sizes = [1, 2, 3, 4, 5, 100, 400, 500, 600, 4_096]
        for size in sizes:
            await client.send_message(peer, "m" * size)
        sent = [len(text) for text in await self.network.texts(bob.phone, alice.phone)]
        self.assertEqual(sent, [5, 3_999, *sizes])
        history = [len(message.text) async for message in client.iter_messages(peer)]
        self.assertEqual(history, sent[::-1])
        await self.network.post(bob.phone, alice.phone, "an update")
        self.assertEqual(await messages.take_texts(1), ["an update"])

    async def test_full(self):
        await self.converse(network.ConnectionTcpFull)

    async def test_abridged(self):
        await self.converse(network.ConnectionTcpAbridged)

    async def test_intermediate(self):
        await self.converse(network.ConnectionTcpIntermediate)

    async def test_padded_intermediate(self):
        await self.converse(Padded)

    async def test_obfuscated_abridged(self):
        await self.converse(network.ConnectionTcpObfuscated)

    async def test_obfuscated_intermediate(self):
        await self.converse(ObfuscatedIntermediate)

    async def test_obfuscated_padded_intermediate(self):
        await self.converse(ObfuscatedPadded)
