"""A web server that answers what a case says."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Server(ThreadingHTTPServer):
    """Serves a folder, and beside it what it is told to.

    Attributes:
        address: Its host and port.
        url: Its address as a URL.
    """

    daemon_threads = True

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.address = ("127.0.0.1", self.server_address[1])
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        for path in () if folder is None else folder.rglob("*"):
            if path.is_file():
                self.serve(f"/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def serve(self, path: str, content: bytes) -> None:
        """Answer with content."""
        self.answers[path] = (200, {}, content)

    def redirect(self, path: str, place: str) -> None:
        """Send on."""
        self.answers[path] = (302, {"Location": place}, b"")

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that leave."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        status, headers, content = self.server.answers.get(self.path.partition("?")[0], (404, {}, b""))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
