"""Files, photos, albums, cards and places: made through the server's API and read in Telethon, and the other way round."""

import io
import json
import urllib.parse
import uuid

from telethon import types

from gateway_case import GatewayCase


def bytes_of(length):
    """Bytes in which every place can be told from every other."""
    return bytes((place * 31 + place // 251) % 256 for place in range(length))


def form(about, *files):
    """The body of a form and its type: the part `album` and files, each a name, a type and its bytes."""
    edge = uuid.uuid4().hex
    body = f'--{edge}\r\ncontent-disposition: form-data; name="album"\r\n\r\n{json.dumps(about)}\r\n'.encode()
    for name, kind, content in files:
        head = f'--{edge}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\ncontent-type: {kind}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def named(content, name):
    """A file for Telethon."""
    file = io.BytesIO(content)
    file.name = name
    return file


class Media(GatewayCase):
    """What is more than text."""

    async def test_a_file_made_through_the_api(self):
        content = bytes_of(700_000)
        caption = urllib.parse.quote("a *chart*")
        headers = {"x_file_name": "chart.bin", "x_caption": caption, "x_format": "markdown"}
        await self.api("POST", "/media", content, **headers)
        seen = await self.newest_of_bob()
        self.assertEqual((seen.file.name, seen.file.size, seen.raw_text), ("chart.bin", 700_000, "a chart"))
        self.assertIsInstance(seen.entities[0], types.MessageEntityItalic)
        self.assertEqual(await seen.download_media(bytes), content)

    async def test_a_video_made_through_the_api(self):
        headers = {"x_file_name": "v.mp4", "x_mime_type": "video/mp4", "x_width": 640, "x_height": 360, "x_duration": 7}
        await self.api("POST", "/media", bytes_of(10_000), **headers)
        seen = await self.newest_of_bob()
        self.assertEqual((seen.file.width, seen.file.height, seen.file.duration), (640, 360, 7))
        video = next(kind for kind in seen.document.attributes if isinstance(kind, types.DocumentAttributeVideo))
        self.assertTrue(video.supports_streaming)

    async def test_a_photo_and_a_voice_message_made_in_telethon(self):
        photo = bytes_of(90_000)
        await self.client_of_bob.send_file(self.peer, named(photo, "p.jpg"), caption="**look**")
        seen = await self.newest_of_alice()
        self.assertEqual((seen["media"][0]["kind"], seen["text"], seen["markdown"]), ("photo", "look", "**look**"))
        self.assertEqual(await self.api("GET", f"/messages/{seen['id']}/media"), photo)
        attributes = [types.DocumentAttributeAudio(duration=3, voice=True)]
        await self.client_of_bob.send_file(self.peer, named(bytes_of(2_000), "v.ogg"), attributes=attributes, voice_note=True)
        told = (await self.newest_of_alice())["media"][0]
        self.assertEqual((told["media_type"], told["kind"], told["duration"]), ("voice", "voice", 3))

    async def test_a_picture_of_a_file_made_in_telethon(self):
        picture = named(bytes_of(5_000), "t.jpg")
        await self.client_of_bob.send_file(self.peer, named(bytes_of(9_000), "a.bin"), thumb=picture, force_document=True)
        seen = await self.newest_of_alice()
        self.assertEqual(await self.api("GET", f"/messages/{seen['id']}/thumbnail"), bytes_of(5_000))

    async def test_an_album_made_through_the_api(self):
        contents = [bytes_of(40_000), bytes_of(50_000)]
        about = {"caption": "Day 1", "items": [{}, {"caption": "the second"}]}
        body, kind = form(about, *((f"{place}.jpg", "image/jpeg", content) for place, content in enumerate(contents)))
        await self.api("POST", "/album", body, content_type=kind)
        seen = await self.client_of_bob.get_messages(self.peer, limit=2, reverse=False)
        seen = seen[::-1]
        self.assertEqual([message.raw_text for message in seen], ["Day 1", "the second"])
        self.assertIsNotNone(seen[0].grouped_id)
        self.assertEqual(seen[0].grouped_id, seen[1].grouped_id)
        self.assertEqual([await message.download_media(bytes) for message in seen], contents)

    async def test_an_album_made_in_telethon(self):
        files = [named(bytes_of(40_000), "1.jpg"), named(bytes_of(50_000), "2.jpg")]
        await self.client_of_bob.send_file(self.peer, files, caption=["first", "second"])
        second, first = await self.api("GET", "/messages?limit=2")
        self.assertEqual((first["text"], second["text"]), ("first", "second"))
        self.assertEqual(first["grouped_id"], second["grouped_id"])
        self.assertEqual(await self.api("GET", f"/messages/{second['id']}/media"), bytes_of(50_000))

    async def test_cards_and_places(self):
        await self.api("POST", "/contact", {"phoneNumber": self.bob.phone, "firstName": "Bob"})
        contact = (await self.newest_of_bob()).contact
        self.assertEqual((contact.phone_number, contact.first_name, contact.user_id), (self.bob.phone, "Bob", self.bob.id))
        venue = {"title": "North pier", "address": "Harbour 1"}
        await self.api("POST", "/location", {"latitude": 59.5, "longitude": 24.75, "venue": venue})
        seen = (await self.newest_of_bob()).venue
        self.assertEqual((seen.geo.lat, seen.geo.long, seen.title), (59.5, 24.75, "North pier"))
        await self.client_of_bob.send_file(self.peer, types.InputMediaGeoPoint(types.InputGeoPoint(10.5, -20.25)))
        told = (await self.newest_of_alice())["media"][0]
        self.assertEqual(told["location"], {"latitude": 10.5, "longitude": -20.25})
