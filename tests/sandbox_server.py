"""`vasya-server sandbox` as a process: a server on a Telegram network of its own."""

import contextlib
import json
import os
import select
import subprocess
import tempfile

START_SECONDS = 60
STOP_SECONDS = 20

# Limits that keep people apart would only make tests wait.
LIMITS = {"VASYA_ACCOUNT_BURST": "1000000", "VASYA_LOGIN_BURST": "1000000", "VASYA_AGENT_BURST": "1000000"}


@contextlib.contextmanager
def running():
    """Starts a server; gives what it says of itself (`baseUrl`, `token`, `accountId`, `controlUrl`); stops it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [os.environ["SERVER_BINARY"], "sandbox", "--port", "0", "--print", "json", "--data-dir", f"{folder}/data"]
        # Nothing of the machine's own configuration.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"RUST_LOG": "warn", **LIMITS})
        try:
            ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
            line = process.stdout.readline() if ready else ""
            if not line:
                raise RuntimeError("the server did not start")
            yield json.loads(line)
            if process.poll() is not None:
                raise RuntimeError(f"the server ended by itself with {process.returncode}")
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            finally:
                process.kill()
                process.stdout.close()
