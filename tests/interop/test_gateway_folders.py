"""Telegram's own folders: made through the server's API and read in Telethon, and the other way round. Both are one person's clients."""

from telethon import functions, types

from gateway_case import GatewayCase


def plain(text):
    """A title without formatting, as folders have it."""
    return types.TextWithEntities(text, [])


class Folders(GatewayCase):
    """Alice's folders, which all of her clients have."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        self.client_of_alice = await self.sign_in(self.alice)
        self.folders = f"{self.account}/telegram-folders"

    async def folders_in_telethon(self):
        """The folders but the first, which is all chats."""
        told = await self.client_of_alice(functions.messages.GetDialogFiltersRequest())
        return [folder for folder in told.filters if isinstance(folder, types.DialogFilter)]

    async def test_a_folder_made_through_the_api(self):
        body = {"title": "Harbour", "groups": True, "includedChatIds": [self.bob.id], "emoticon": "⚓"}
        made = await self.server.call("POST", self.folders, body)
        (seen,) = await self.folders_in_telethon()
        self.assertEqual((seen.id, seen.title.text, seen.emoticon), (made["id"], "Harbour", "⚓"))
        self.assertEqual((bool(seen.groups), bool(seen.broadcasts)), (True, False))
        self.assertEqual([peer.user_id for peer in seen.include_peers], [self.bob.id])
        await self.server.call("DELETE", f"{self.folders}/{made['id']}")
        self.assertEqual(await self.folders_in_telethon(), [])

    async def test_a_folder_made_in_telethon(self):
        await self.client_of_alice.get_dialogs()
        bob = await self.client_of_alice.get_input_entity(self.bob.id)
        folder = types.DialogFilter(7, plain("Crew"), [], [bob], [], contacts=True, exclude_muted=True)
        await self.client_of_alice(functions.messages.UpdateDialogFilterRequest(7, folder))
        listed = await self.server.call("GET", self.folders)
        read = next(folder for folder in listed if folder["id"] == 7)
        self.assertEqual((read["title"], read["contacts"], read["excludeMuted"]), ("Crew", True, True))
        self.assertEqual((read["groups"], read["includedChatIds"]), (False, [self.bob.id]))
