"""Runs schemathesis on a sandbox with a fixed seed and a fixed number of examples."""

import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import sandbox_server

SEED = "20261124"
EXAMPLES = "8"
SECONDS = 600

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "allow_header_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
]

# What ends that which others need is tried after them, in this order: chats and messages, then the account.
ENDING = [["delete_messages", "delete_history", "delete_chat"], ["suspend_account", "resume_account"], ["delete_account"]]

# Its answer has no end that schemathesis could wait for. Integration tests read it.
ENDLESS = ["stream_events"]

# How many of the operations must have succeeded at least once, or what was tried says little of them.
SUCCEEDED_MIN = 0.7

BORIS, CLARA = 5_000_000_002, 5_000_000_003


def prepare(server):
    """Makes a group with a message, a file and a photo. Answers what schemathesis takes for the parameters of paths."""
    account = server["accountId"]

    def call(method, path, body, headers=()):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        headers = {"authorization": f"Bearer {server['token']}", "content-type": kind, **dict(headers)}
        url = f"{server['baseUrl']}/api/v1/accounts/{account}{path}"
        with urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method)) as answer:
            return json.loads(answer.read() or b"null")

    group = call("POST", "/channels", {"title": "Tried", "isMegagroup": True})["chatId"]
    call("POST", f"/chats/{group}/members", {"userIds": [BORIS, CLARA]})
    call("PUT", f"/chats/{group}/photo", b"\x89PNG\r\n\x1a\n" + bytes(500))
    file = call("POST", f"/chats/{group}/media", b"a chart", {"x-file-name": "chart.txt"}.items())
    # The ids of random accounts and chats are all refused alike: what lies behind is reached with those that there are.
    return {"accountId": account, "chatId": group, "messageId": file["id"], "userId": BORIS, "index": 0}


def configuration(parameters):
    """The configuration file of schemathesis."""
    lines = ["[parameters]", *(f"{name} = {json.dumps(value)}" for name, value in parameters.items())]
    # 501 is what operations on the audio of calls answer by design; each documents it.
    lines += ["[checks.not_a_server_error]", 'expected-statuses = ["2xx", "3xx", "4xx", "501"]']
    return "\n".join(lines)


def run(server, folder, number, which):
    """Tries some operations. Answers the exit code and what was answered: operations with their statuses."""
    report = pathlib.Path(folder) / f"{number}.ndjson"
    command = [
        f"{sys.prefix}/bin/schemathesis", "--config-file", f"{folder}/schemathesis.toml", "run",
        f"{server['baseUrl']}/api/v1/openapi.json", "--header", f"Authorization: Bearer {server['token']}",
        "--checks", ",".join(CHECKS), "--seed", SEED, "--max-examples", EXAMPLES, "--generation-database", "none",
        "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink", "--suppress-health-check", "all",
        "--workers", "1", "--request-timeout", "30", "--warnings", "off", "--no-color",
        "--report", "ndjson", "--report-ndjson-path", str(report),
    ]
    code = subprocess.run(command + which, timeout=SECONDS, check=False, cwd=folder).returncode
    answered = collections.defaultdict(collections.Counter)
    for line in report.read_text().splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder") or {}
        for interaction in recorder.get("interactions", {}).values():
            if interaction.get("response"):
                answered[recorder["label"]][interaction["response"]["status_code"]] += 1
    return code, answered


def main() -> int:
    """Answers the exit code."""
    ending = [name for names in ENDING for name in names]
    steps = [[argument for name in ending + ENDLESS for argument in ("--exclude-operation-id", name)]]
    steps += [[argument for name in names for argument in ("--include-operation-id", name)] for names in ENDING]
    worst, answered = 0, {}
    with sandbox_server.running() as server, tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "schemathesis.toml").write_text(configuration(prepare(server)))
        for number, which in enumerate(steps):
            code, more = run(server, folder, number, which)
            worst = max(worst, code)
            answered.update(more)
    failed = {label: dict(statuses) for label, statuses in answered.items() if not any(status < 300 for status in statuses)}
    print(f"{len(answered)} operations were tried, {len(failed)} of them never with success:")
    for label, statuses in sorted(failed.items()):
        print(f"  {label}: {statuses}")
    if len(failed) > (1 - SUCCEEDED_MIN) * len(answered):
        print("too few of them succeeded")
        worst = max(worst, 1)
    return worst


if __name__ == "__main__":
    sys.exit(main())
