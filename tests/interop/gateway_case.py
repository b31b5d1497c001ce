"""What tests of the whole gateway share: one person whose account the server has, and one who uses Telethon."""

from interop_case import InteropCase
from server import Server


class GatewayCase(InteropCase):
    """Alice speaks through the server's API, Bob through Telethon. They have met."""

    server: Server

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = Server(cls.network)
        cls.addClassCleanup(cls.server.stop)

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.alice, self.bob = await self.person("Alice"), await self.person("Bob")
        await self.network.post(self.alice.phone, self.bob.phone, "hello")
        self.account = await self.server.log_in(self.alice.phone)
        self.client_of_bob = await self.sign_in(self.bob)
        self.peer = (await self.client_of_bob.get_dialogs())[0].input_entity
        # Alice's chat with Bob.
        self.chat = f"{self.account}/chats/{self.bob.id}"

    async def api(self, method, path, body=None, **headers):
        """Calls the API on Alice's chat with Bob."""
        return await self.server.call(method, f"{self.chat}{path}", body, **headers)

    async def newest_of_bob(self):
        """The newest message of the conversation, as Bob's client has it."""
        return (await self.client_of_bob.get_messages(self.peer, limit=1))[0]

    async def newest_of_alice(self):
        """The newest message of the conversation, as the API tells it."""
        return (await self.api("GET", "/messages?limit=1"))[0]
