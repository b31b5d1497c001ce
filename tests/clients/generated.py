"""Generates a Python client from the OpenAPI document and makes calls with it."""

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import uuid

import sandbox_server

DOCUMENT = pathlib.Path("docs/api/openapi.json")
CLARA = 5_000_000_003


def generate(folder):
    """Makes the package `vasya_client` in a folder. A warning is a fault: the generator left something out."""
    command = [f"{sys.prefix}/bin/openapi-python-client", "generate", "--path", str(DOCUMENT), "--meta", "none"]
    command += ["--output-path", f"{folder}/vasya_client", "--fail-on-warning"]
    # The generator calls other tools of its own environment by name.
    path = f"{sys.prefix}/bin:{os.environ['PATH']}"
    subprocess.run(command, check=True, env={**os.environ, "PATH": path})
    sys.path.insert(0, folder)


def calls(server):
    """Makes ten calls; each answer is one of the client's own types."""
    client = importlib.import_module("vasya_client").AuthenticatedClient(
        base_url=server["baseUrl"], token=server["token"], raise_on_unexpected_status=True
    )
    account = uuid.UUID(server["accountId"])
    models = importlib.import_module("vasya_client.models")

    def call(name, *arguments, **more):
        family = next(pathlib.Path(sys.path[0], "vasya_client", "api").glob(f"*/{name}.py")).parent.name
        module = importlib.import_module(f"vasya_client.api.{family}.{name}")
        answer = module.sync_detailed(*arguments, client=client, **more)
        print(f"{name}: {int(answer.status_code)}")
        return answer

    def good(name, *arguments, **more):
        answer = call(name, *arguments, **more)
        assert 200 <= answer.status_code < 300, (name, answer.status_code, answer.content)
        return answer.parsed

    assert good("whoami").principal == "human"
    assert [one.account_id for one in good("list_accounts")] == [account]
    assert good("get_account", account).account_id == account
    assert any(chat.id == CLARA for chat in good("list_chats", account))
    assert good("get_chat", account, CLARA).title == "Clara"
    text = models.SendMessageBody(text="from a generated client")
    sent = good("send_message", account, CLARA, body=text, idempotency_key="generated-1")
    again = good("send_message", account, CLARA, body=text, idempotency_key="generated-1")
    assert sent.id == again.id, "the key makes the repetition harmless"
    assert good("get_messages", account, CLARA, limit=1)[0].text == "from a generated client"
    good("archive_chat", account, CLARA)
    refused = call("get_messages", uuid.uuid4(), CLARA)
    assert refused.status_code == 403 and refused.parsed.code == "account_forbidden", refused


def main():
    """Fails by an exception."""
    with tempfile.TemporaryDirectory() as folder, sandbox_server.running() as server:
        generate(folder)
        calls(server)


if __name__ == "__main__":
    main()
