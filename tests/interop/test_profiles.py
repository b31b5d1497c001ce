"""Titles, photos and profiles that are set through the server's API read the same in Telethon, and the other way round."""

import io

from telethon import events, functions, types

from gateway_case import GatewayCase
from interop_case import Events
from server import RefusedError

# What the network takes for an image: it looks at the beginning only.
PHOTO = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
OTHER_PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 30


class Profiles(GatewayCase):
    """Alice is on the server, Bob on Telethon."""

    async def asyncSetUp(self):
        await super().asyncSetUp()
        made = await self.server.call("POST", f"{self.account}/groups", {"title": "Crew", "userIds": [self.bob.id]})
        self.group = f"{self.account}/chats/{made['chatId']}"
        self.group_of_bob = -made["chatId"]
        await self.client_of_bob.get_dialogs()

    async def photo_of(self, entity):
        """The bytes of a current photo, as Bob's client fetches them."""
        return await self.client_of_bob.download_profile_photo(entity, file=bytes)

    async def test_a_title_and_a_photo_of_a_group_made_through_the_api(self):
        told = Events(self.client_of_bob, events.ChatAction())
        await self.server.call("PATCH", self.group, {"title": "Deck crew", "about": "Hands"})
        self.assertEqual((await told.take()).new_title, "Deck crew")
        await self.server.call("PUT", f"{self.group}/photo", PHOTO)
        self.assertTrue((await told.take()).new_photo)
        group = await self.client_of_bob.get_entity(types.PeerChat(self.group_of_bob))
        self.assertEqual((group.title, await self.photo_of(group)), ("Deck crew", PHOTO))
        full = await self.client_of_bob(functions.messages.GetFullChatRequest(self.group_of_bob))
        self.assertEqual(full.full_chat.about, "Hands")
        await self.server.call("DELETE", f"{self.group}/photo")
        self.assertIsInstance((await told.take()).action_message.action, types.MessageActionChatDeletePhoto)

    async def test_a_title_and_a_photo_of_a_group_made_in_telethon(self):
        await self.client_of_bob(functions.messages.EditChatTitleRequest(self.group_of_bob, "Night crew"))
        file = await self.client_of_bob.upload_file(io.BytesIO(OTHER_PHOTO), file_name="crew.jpg")
        photo = types.InputChatUploadedPhoto(file=file)
        await self.client_of_bob(functions.messages.EditChatPhotoRequest(self.group_of_bob, photo))
        self.assertEqual((await self.server.call("GET", self.group))["title"], "Night crew")
        self.assertEqual(await self.server.call("GET", f"{self.group}/photo"), OTHER_PHOTO)

    async def test_an_accounts_profile_and_photo(self):
        profile = {"firstName": "Alicia", "lastName": "Liddell", "bio": "Curiouser", "username": f"alice_{self.alice.id}"}
        edited = await self.server.call("PATCH", f"{self.account}/profile", profile)
        self.assertEqual({part["status"] for part in edited.values()}, {"changed"})
        await self.server.call("PUT", f"{self.account}/profile/photo", PHOTO)
        full = await self.client_of_bob(functions.users.GetFullUserRequest(self.peer_of_alice()))
        alice = full.users[0]
        self.assertEqual((alice.first_name, alice.last_name, alice.username), ("Alicia", "Liddell", profile["username"]))
        self.assertEqual((full.full_user.about, await self.photo_of(alice)), ("Curiouser", PHOTO))
        await self.server.call("PUT", f"{self.account}/privacy", {"key": "profile_photo", "audience": "nobody"})
        self.assertIsNone((await self.client_of_bob(functions.users.GetFullUserRequest(self.peer_of_alice()))).users[0].photo)

    async def test_a_profile_and_its_photos_in_telethon(self):
        await self.client_of_bob(functions.account.UpdateProfileRequest(first_name="Robert", about="Builds"))
        for photo in (PHOTO, OTHER_PHOTO):
            file = await self.client_of_bob.upload_file(io.BytesIO(photo), file_name="bob.jpg")
            await self.client_of_bob(functions.photos.UploadProfilePhotoRequest(file=file))
        seen = await self.api("GET", "")
        self.assertEqual((seen["title"], seen["about"]), ("Robert", "Builds"))
        self.assertEqual((await self.api("GET", "/photos"))["count"], 2)
        self.assertEqual(await self.api("GET", "/photo"), OTHER_PHOTO)
        self.assertEqual(await self.api("GET", "/photos/1"), PHOTO)
        rules = [types.InputPrivacyValueDisallowAll()]
        await self.client_of_bob(functions.account.SetPrivacyRequest(types.InputPrivacyKeyProfilePhoto(), rules))
        with self.assertRaises(RefusedError) as refused:
            await self.api("GET", "/photo")
        self.assertEqual(refused.exception.status, 404)

    async def test_who_hides_when_they_were_there_is_not_told_of_others(self):
        carol = await self.person("Carol", username=f"carol_{self.bob.id}")
        client_of_carol = await self.sign_in(carol)
        await client_of_carol(functions.account.UpdateStatusRequest(offline=False))
        key = types.InputPrivacyKeyStatusTimestamp()

        async def seen():
            return (await self.client_of_bob(functions.contacts.ResolveUsernameRequest(carol.username))).users[0].status

        self.assertIsInstance(await seen(), types.UserStatusOnline)
        await client_of_carol(functions.account.UpdateStatusRequest(offline=True))
        self.assertIsInstance(await seen(), types.UserStatusOffline)
        await self.client_of_bob(functions.account.SetPrivacyRequest(key, [types.InputPrivacyValueDisallowAll()]))
        hidden = await seen()
        self.assertIsInstance(hidden, types.UserStatusRecently)
        self.assertTrue(hidden.by_me, "it is his own choice that hides it")
        await self.client_of_bob(functions.account.SetPrivacyRequest(key, [types.InputPrivacyValueAllowAll()]))
        await client_of_carol(functions.account.SetPrivacyRequest(key, [types.InputPrivacyValueDisallowAll()]))
        hidden = await seen()
        self.assertIsInstance(hidden, types.UserStatusRecently)
        self.assertFalse(hidden.by_me, "it is her choice")

    def peer_of_alice(self):
        """Alice, as Bob's client names her."""
        return types.InputUser(self.peer.user_id, self.peer.access_hash)
