"""Starts a server and runs client.mjs, from the folder where its packages are installed, against it."""

import os
import subprocess
import sys

import sandbox_server

SECONDS = 120


def main():
    """Fails by an exception."""
    with sandbox_server.running() as server:
        environment = {
            "PATH": os.environ["PATH"], "TOKEN": server["token"], "ACCOUNT": server["accountId"], "CONTROL_URL": server["controlUrl"],
            "WS_URL": f"{server['baseUrl'].replace('http', 'ws', 1)}/api/v1/graphql/ws",
        }
        subprocess.run(["node", "client.mjs"], cwd=sys.argv[1], env=environment, timeout=SECONDS, check=True)


if __name__ == "__main__":
    main()
