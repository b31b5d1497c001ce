"""What the tests share: one network for a class of tests, people on it, and Telethon clients that sign in."""

import asyncio
import itertools
import unittest

from telethon import TelegramClient, events
from telethon.network import ConnectionTcpFull
from telethon.sessions import MemorySession

from network import Network

HOME_DATACENTRE = 2
WAIT_SECONDS = 15
POLL_SECONDS = 0.02

# Beyond the numbers of the people whom a server brings along.
numbers = itertools.count(15_550_100_001)


class Person:
    """A user of the network."""

    def __init__(self, phone, user_id, first_name, username):
        self.phone, self.id, self.first_name, self.username = phone, user_id, first_name, username


class Events:
    """What a client was told of a kind of event, in order."""

    def __init__(self, client, builder):
        self.queue = asyncio.Queue()
        client.add_event_handler(self.queue.put, builder)

    async def take(self):
        """The next event, which must come in time."""
        return await asyncio.wait_for(self.queue.get(), WAIT_SECONDS)

    async def take_texts(self, count):
        """The texts of the next messages, in order."""
        return [(await self.take()).raw_text for _ in range(count)]


async def until(what, condition):
    """Waits until an asynchronous condition holds, and answers what it answered."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        outcome = await condition()
        if outcome:
            return outcome
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"in vain waited until {what}")
        await asyncio.sleep(POLL_SECONDS)


def new_phone():
    """A phone number that nobody has."""
    return f"+{next(numbers)}"


class InteropCase(unittest.IsolatedAsyncioTestCase):
    """Tests that share a network. Each makes people of its own, so that none sees another's."""

    network: Network

    @classmethod
    def setUpClass(cls):
        cls.network = Network()
        cls.addClassCleanup(lambda: cls.network.kill())

    async def asyncSetUp(self):
        # Debug mode, which unittest turns on, tells of every slow step of a key exchange.
        asyncio.get_running_loop().set_debug(False)

    async def person(self, first_name, **more):
        """A new user."""
        phone = new_phone()
        created = await self.network.create_user(phone, first_name, **more)
        return Person(phone, created["id"], first_name, more.get("username"))

    def client(self, session=None, *, datacentre=HOME_DATACENTRE, key=None, connection=ConnectionTcpFull, **options):
        """A client that is not connected yet. A new session begins at a datacentre, by default where users live, maybe with a key."""
        # Telethon keeps the addresses of datacentres for the whole process, but each network has its own.
        TelegramClient._config = None
        if session is None:
            session = MemorySession()
            session.set_dc(datacentre, *self.network.datacentres[datacentre])
            session.auth_key = key
        options = {"connection": connection, "retry_delay": 0.1, "timeout": 5, "flood_sleep_threshold": 0, **options}
        client = TelegramClient(session, 17_349, "344583e45741c457fe1862106095a5eb", **options)
        self.addAsyncCleanup(client.disconnect)
        return client

    async def sign_in(self, person, **options):
        """A client that is signed in as a person."""
        client = self.client(**options)
        await client.connect()
        sent = await client.send_code_request(person.phone)
        await client.sign_in(person.phone, await self.network.login_code(person.phone), phone_code_hash=sent.phone_code_hash)
        return client

    async def new_messages(self, client):
        """What messages come to a client from others. Asks for the dialogs, so that the client knows every chat."""
        await client.get_dialogs()
        return Events(client, events.NewMessage(incoming=True))
