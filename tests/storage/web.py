"""A web server that answers ranges, and fails in the ways that networks and servers do."""

from __future__ import annotations

import gzip
import mimetypes
import socket
import ssl
import struct
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from pathlib import Path


class Web(ThreadingHTTPServer):
    """Serves a folder.

    Attributes:
        faults: How to answer the next requests for files other than `modelry.json`; `None` is as one should.
        requests: The path and the range of each request.
        headers: The headers of the last request.
        pace: Seconds to wait after each 64 KiB.
        etags: Whether to tell ETags.
        sent_on: Path → the headers of an answer that sends its client on.
        released: Set when those who are kept waiting are let go.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.faults: deque[str | None] = deque()
        self.requests: list[tuple[str, str | None]] = []
        self.headers: dict[str, str] = {}
        self.pace = 0.0
        self.etags = True
        self.sent_on: dict[str, dict[str, str]] = {}
        self.guard = threading.Lock()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://127.0.0.1:{self.server_address[1]}"

    def encrypt(self, certificate: Path) -> None:
        """Answer by HTTPS, with the certificate and the key in a file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def __enter__(self) -> Web:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_) -> None:
        """Stay quiet about clients that leave, and resets that are meant."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body that waits for an acknowledgement costs 40 ms each time
    server: Web

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(None)

    def do_GET(self) -> None:
        with self.server.guard:
            faults = self.server.faults
            fault = faults.popleft() if faults and not urlsplit(self.path).path.endswith("modelry.json") else None
        self._answer(fault)

    def _answer(self, fault: str | None) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        self.server.headers = dict(self.headers)
        path = self.server.folder / unquote(urlsplit(self.path).path).lstrip("/")
        if fault in ("401", "429", "500", "503"):
            return self._send(int(fault), b"busy", {"Retry-After": "0.01"})
        if fault == "reset":
            return self._reset()
        if urlsplit(self.path).path in self.server.sent_on:
            return self._send(302, b"", self.server.sent_on[urlsplit(self.path).path])
        if not path.is_file():
            return self._send(404, b"nothing here")
        content, start = path.read_bytes(), 0
        headers = {"Content-Type": mimetypes.guess_type(path.name)[0] or "application/octet-stream"}
        if self.server.etags:
            headers["ETag"] = f'"{path.stat().st_mtime_ns:x}"'
        if asked and fault != "no range":
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or len(content)), len(content) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
            content = content[start : end + 1]
        if fault == "flip" and content:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        if fault == "short":
            content = content[: len(content) // 2]
        if fault == "long":
            content += b"more"
        if fault == "gzip":
            content, headers["Content-Encoding"] = gzip.compress(content), "gzip"
        return self._send(206 if "Content-Range" in headers else 200, content, headers, fault)

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None, fault: str | None = None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault in ("close", "cut"):
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.close_connection = True
            if fault == "cut":
                self._reset()
            return
        if fault == "trickle":
            self.close_connection = True
            for position in range(len(content)):
                self.wfile.write(content[position : position + 1])
                if self.server.released.wait(0.02):
                    return
        if fault in ("silence", "hang"):
            self.wfile.write(content[: len(content) // 2] if fault == "hang" else b"")
            self.wfile.flush()
            self.server.released.wait()
            self.close_connection = True
            return
        for begin in range(0, len(content), 2**16):
            self.wfile.write(content[begin : begin + 2**16])
            if self.server.pace:
                threading.Event().wait(self.server.pace)

    def _reset(self) -> None:
        """End the connection as a crash does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
