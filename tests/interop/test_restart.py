"""A network that is killed and started again on the same world."""

import asyncio
import contextlib
import pathlib
import random
import socket
import tempfile

from telethon import errors, events
from telethon.sessions import SQLiteSession

from interop_case import HOME_DATACENTRE, Events, InteropCase
from network import Network

# Below the ports that systems give to outgoing connections, so that none takes a port while the network is down.
PORTS = range(20_000, 30_000)
ATTEMPTS = 50


def free_ports(count):
    """The first of some consecutive ports that are free."""
    for _ in range(ATTEMPTS):
        first = random.choice(PORTS)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise RuntimeError("no ports are free")


class Restart(InteropCase):
    """Alice stays signed in, and nothing that was told is lost."""

    @classmethod
    def setUpClass(cls):
        """Each test has a network of its own."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.port = free_ports(4)
        self.start()
        self.addCleanup(lambda: self.network.kill())
        self.alice, self.bob = await self.person("Alice"), await self.person("Bob")
        await self.network.post(self.bob.phone, self.alice.phone, "before")

    def start(self):
        """Starts the network where it was."""
        self.network = Network(world=self.folder / "world", port=self.port, control=f"127.0.0.1:{self.port + 3}")

    def restart(self):
        """Kills the network, as SIGKILL does, and starts it again."""
        self.network.kill()
        self.start()

    async def test_a_session_on_disk_outlives_the_network(self):
        path = str(self.folder / "alice")
        session = SQLiteSession(path)
        session.set_dc(HOME_DATACENTRE, *self.network.datacentres[HOME_DATACENTRE])
        client = await self.sign_in(self.alice, session=session)
        chats = [await self.network.create_chat(kind, self.alice.phone, kind, self.bob.phone) for kind in ("group", "channel")]
        dialogs = await client.get_dialogs()
        for dialog in dialogs:
            await client.send_message(dialog.input_entity, f"to {dialog.name}")
        edited = await client.send_message(self.bob.id, "edtied")
        await client.edit_message(edited, "edited")
        deleted = await client.send_message(self.bob.id, "deleted")
        await client.delete_messages(self.bob.id, deleted.id)
        await client.send_read_acknowledge(self.bob.id)
        await client.disconnect()
        self.restart()
        again = self.client(SQLiteSession(path))
        await again.connect()
        self.assertTrue(await again.is_user_authorized())
        self.assertEqual((await again.get_me()).id, self.alice.id)
        found = {dialog.id: dialog for dialog in await again.get_dialogs()}
        self.assertEqual(set(found), {self.bob.id, *chats})
        self.assertEqual(found[self.bob.id].unread_count, 0)
        history = [message.text async for message in again.iter_messages(self.bob.id)]
        self.assertEqual(history, ["edited", "to Bob", "before"])
        self.assertEqual([found[chat].message.text for chat in chats], ["to group", "to channel"])

    async def test_a_client_that_is_open_goes_on(self):
        client = await self.sign_in(self.alice, connection_retries=None)
        messages = await self.new_messages(client)
        self.restart()
        self.assertEqual((await client.get_me()).id, self.alice.id)
        await self.network.post(self.bob.phone, self.alice.phone, "after")
        self.assertEqual(await messages.take_texts(1), ["after"])
        await client.send_message(self.bob.id, "indeed")
        self.assertEqual(await self.network.texts(self.bob.phone, self.alice.phone), ["before", "after", "indeed"])

    async def test_what_was_missed_is_caught_up_with(self):
        client = await self.sign_in(self.alice)
        messages = await self.new_messages(client)
        await self.network.post(self.bob.phone, self.alice.phone, "present")
        self.assertEqual(await messages.take_texts(1), ["present"])
        await client.disconnect()
        await self.network.post(self.bob.phone, self.alice.phone, "before the crash")
        self.restart()
        await self.network.post(self.bob.phone, self.alice.phone, "after the crash")
        returned = self.client(client.session, catch_up=True)
        missed = Events(returned, events.NewMessage(incoming=True))
        await returned.connect()
        self.assertEqual(await missed.take_texts(2), ["before the crash", "after the crash"])

    async def test_messages_that_were_answered_are_kept_and_none_is_doubled(self):
        # A message that was kept, but whose answer was lost, is known when Telethon repeats it.
        patient = {"connection_retries": None, "request_retries": 0, "raise_last_call_error": True}
        client = await self.sign_in(self.alice, **patient)
        await client.get_dialogs()
        answered = asyncio.Event()
        texts = [f"message {number}" for number in range(60)]

        async def send(text):
            with contextlib.suppress(errors.RandomIdDuplicateError):
                await client.send_message(self.bob.id, text)
            if text == texts[10]:
                answered.set()

        sending = [asyncio.create_task(send(text)) for text in texts]
        await answered.wait()
        self.restart()
        await asyncio.gather(*sending)
        kept = await self.network.texts(self.bob.phone, self.alice.phone)
        self.assertEqual(sorted(kept), sorted(["before", *texts]))
