"""Executes the shell and Python blocks of docs/clients.md, in their order, each with `set -e` or as a script of its own."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import sandbox_server

PAGE = pathlib.Path("docs/clients.md")
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 60


def main():
    """Fails by an exception."""
    blocks = BLOCK.findall(PAGE.read_text())
    assert {language for language, _ in blocks} == {"sh", "python"}, "both languages are shown"
    with sandbox_server.running() as server, tempfile.TemporaryDirectory() as folder:
        environment = {
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}", "URL": f"{server['baseUrl']}/api/v1", "TOKEN": server["token"],
            "ACCOUNT": server["accountId"], "CHAT": "5000000003",
        }
        for language, text in blocks:
            command = ["bash", "-euo", "pipefail", "-c", text] if language == "sh" else [sys.executable, "-c", text]
            ended = subprocess.run(command, cwd=folder, env=environment, timeout=SECONDS, check=False, capture_output=True)
            assert ended.returncode == 0, f"this block of {PAGE} failed:\n{text}\n{ended.stdout!r}\n{ended.stderr.decode()}"
    print(f"{len(blocks)} blocks of {PAGE} work")


if __name__ == "__main__":
    main()
