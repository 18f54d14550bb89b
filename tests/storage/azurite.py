"""Azure's blob storage on this machine: azurite, which npm installs once into a folder that is kept."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "3.37.0"
FOLDER = Path(__file__).parents[2] / ".nox" / f"azurite-{VERSION}"
PROGRAM = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "devstoreaccount1"
# The key that the documentation of the emulator gives to everybody.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SECONDS = 30  # after which the server will not start any more


def installed() -> Path:
    """Return the server's program, installed now if it is not; skip the test where that is not possible."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("az:// is tested against azurite, which needs node and npm")
    if not PROGRAM.is_file():
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", f"azurite@{VERSION}"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(FOLDER)
            pytest.skip(f"az:// is tested against azurite, which npm cannot install: {done.stderr.strip()[-300:]}")
    return PROGRAM


@contextmanager
def azurite(log: Path) -> Iterator[str]:
    """Run the server, which forgets everything; yield a connection string."""
    program = installed()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    command = ["node", str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port), *options]
    with log.open("wb") as output, subprocess.Popen(command, cwd=log.parent, stdout=output, stderr=output) as server:
        try:
            _wait(port, server, log)
            endpoint = f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT}"
            yield f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};{endpoint};"
        finally:
            server.kill()


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"azurite does not start: {log.read_text()}")
