"""vasya-server as a process on a running network, and its REST API."""

import asyncio
import contextlib
import http.client
import json
import os
import select
import subprocess
import tempfile
import urllib.parse

START_SECONDS = 60
STOP_SECONDS = 20
CALL_SECONDS = 60


class RefusedError(Exception):
    """The server refused a call."""

    def __init__(self, request, status, answer):
        super().__init__(f"{request}: {status} {answer}")
        self.status, self.answer = status, answer


class Server:
    """A running server with one user, who has one account: Ada's. More are logged in by `log_in`."""

    def __init__(self, network):
        self.network = network
        self.folder = tempfile.TemporaryDirectory()
        command = [os.environ["SERVER_BINARY"], "sandbox", "--port", "0", "--print", "json"]
        command += ["--network", network.control_url.netloc, "--data-dir", os.path.join(self.folder.name, "data")]
        # Nothing of the machine's own configuration; and limits that keep people apart would only make tests wait.
        limits = {"VASYA_ACCOUNT_BURST": "1000000", "VASYA_LOGIN_BURST": "1000000"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"RUST_LOG": "warn", **limits})
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            self.stop()
            raise RuntimeError("the server did not start")
        told = json.loads(line)
        self.url, self.token = urllib.parse.urlsplit(told["baseUrl"]), told["token"]

    def stop(self):
        """Ends the process."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self.folder.cleanup()

    def request(self, method, path, body=None, **headers):
        """Calls the API. Answers the body: what its JSON says, or else its bytes. A dictionary or list is sent as JSON."""
        headers = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        if isinstance(body, dict | list):
            body, headers["content-type"] = json.dumps(body), "application/json"
        connection = http.client.HTTPConnection(self.url.netloc, timeout=CALL_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, f"/api/v1{path}", body, {"authorization": f"Bearer {self.token}", **headers})
            response = connection.getresponse()
            answer = response.read()
        if response.status >= 400:
            raise RefusedError(f"{method} {path}", response.status, answer.decode())
        is_json = response.getheader("content-type", "").startswith("application/json")
        return json.loads(answer) if is_json else answer

    async def call(self, method, path, body=None, **headers):
        """Like `request`, while the clients go on."""
        return await asyncio.to_thread(lambda: self.request(method, path, body, **headers))

    async def log_in(self, phone):
        """Logs a person of the network in. Answers the account's path."""
        login = await self.call("POST", "/telegram/login/code", {"phone": phone})
        step = {"accountId": login["accountId"], "code": await self.network.login_code(phone)}
        outcome = await self.call("POST", "/telegram/login/verify", step)
        if outcome["status"] != "authorized":
            raise RuntimeError(f"the login of {phone} ended as {outcome['status']}")
        return f"/accounts/{login['accountId']}"
