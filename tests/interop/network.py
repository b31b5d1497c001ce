"""The sandbox network as a process, and its control API."""

import asyncio
import contextlib
import http.client
import json
import os
import select
import subprocess
import urllib.parse

from telethon.crypto import rsa

START_SECONDS = 20
CALL_SECONDS = 20
# A network whose tests were killed stops by itself.
IDLE_SECONDS = 120


class ControlError(Exception):
    """The control API refused a call."""


class Network:
    """A running network. Its world is in memory, unless it has a folder."""

    def __init__(self, *, world=None, port=0, control="127.0.0.1:0"):
        command = [os.environ["SANDBOX_BINARY"], "--port", str(port), "--control", control, "--idle-secs", str(IDLE_SECONDS)]
        if world is not None:
            command += ["--world", str(world)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.kill()
            raise RuntimeError("the network did not start")
        description = json.loads(line)
        addresses = {centre["id"]: centre["address"].rsplit(":", 1) for centre in description["datacentres"]}
        self.datacentres = {number: (host, int(port)) for number, (host, port) in addresses.items()}
        self.control_url = urllib.parse.urlsplit(description["controlUrl"])
        for key in description["rsaPublicKeys"]:
            rsa.add_key(key, old=False)

    def kill(self):
        """Ends the process as a crash would."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def request(self, method, path, body=None):
        """Calls the control API and answers what it says."""
        text = None if body is None else json.dumps(body)
        connection = http.client.HTTPConnection(self.control_url.netloc, timeout=CALL_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, self.control_url.path + path, text)
            response = connection.getresponse()
            answer = response.read()
        if response.status >= 400:
            raise ControlError(f"{method} {path}: {response.status} {answer.decode()}")
        return json.loads(answer) if answer else None

    async def call(self, method, path, body=None):
        """Like `request`, while the clients go on."""
        return await asyncio.to_thread(self.request, method, path, body)

    async def create_user(self, phone, first_name, **more):
        """Creates a user; `more` is `lastName`, `username` or `password`."""
        return await self.call("POST", "/users", {"phone": phone, "firstName": first_name, **more})

    async def login_code(self, phone):
        """The code that was sent to a phone number."""
        return (await self.call("GET", f"/users/{urllib.parse.quote(phone)}/code"))["code"]

    async def scan(self, phone, url):
        """Lets a person accept the QR code of a login."""
        await self.call("POST", "/login-tokens/accept", {"user": phone, "url": url})

    async def post(self, sender, to, text):
        """Posts a message in a user's name."""
        return await self.call("POST", "/messages", {"from": sender, "to": to, "text": text})

    async def texts(self, user, peer):
        """The texts of a conversation as a user has it, oldest first."""
        query = urllib.parse.urlencode({"user": user, "peer": peer})
        answer = await self.call("GET", f"/messages?{query}")
        return [message["text"] for message in answer["messages"]]

    async def create_chat(self, kind, owner, title, *members):
        """Creates a `group`, `channel` or `supergroup`; answers its id in the marked form, as Telethon writes it."""
        chat = {"kind": kind, "owner": owner, "title": title, "members": list(members)}
        return (await self.call("POST", "/chats", chat))["chatId"]

    async def arm(self, kind, **more):
        """Arms a fault."""
        await self.call("POST", "/faults", {"kind": kind, **more})

    async def armed(self):
        """The faults that have not struck as often as they shall."""
        return (await self.call("GET", "/faults"))["faults"]

    async def clear_faults(self):
        """Disarms every fault."""
        await self.call("DELETE", "/faults")

    async def count(self, method):
        """How often a method was called."""
        answer = await self.call("GET", f"/requests?method={method}")
        return sum(calls["count"] for calls in answer["requests"])
