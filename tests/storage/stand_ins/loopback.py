"""A server on this machine that answers, keeps a log, and goes wrong when a test says so."""

from __future__ import annotations

import abc
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import attrs

from .faults import Fault, Kind, altered, reset
from .messages import Reply, Request

MIDWAY = (Kind.RESET_MIDWAY, Kind.CLOSE_MIDWAY, Kind.HANG, Kind.TRICKLE)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that leave early, or that a fault threw out."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class LoopbackServer(abc.ABC):
    """A stand-in for a service. A subclass answers requests.

    Attributes:
        log: The requests so far, in the order they came in.
        faults: What goes wrong; the first that strikes a request does.
    """

    def __init__(self) -> None:
        self.log: list[Request] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout: ClassVar[float] = 60
            disable_nagle_algorithm = True  # a body that waits for an acknowledgement costs 40 ms each time

            def do_GET(self) -> None:
                server._serve(self)

            do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._http = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        # Another name for the same server is another origin: tokens must not follow a redirect there.
        self.files_url = f"http://localhost:{self._http.server_port}"

    @abc.abstractmethod
    def answer(self, request: Request) -> Reply:
        """Return the reply to a request."""

    def __enter__(self) -> LoopbackServer:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for fault in self.faults:
            fault.released.set()
        self._http.shutdown()
        self._http.server_close()

    def fail(self, kind: Kind, where: str, times: int = 1) -> Fault:
        """Let the next requests that `where` is found in the path of go wrong."""
        fault = Fault(kind, where, times)
        self.faults.append(fault)
        return fault

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        request = Request.of(handler.command, handler.path, dict(handler.headers), body)
        with self._lock:
            self.log.append(request)
            fault = next((one for one in self.faults if one.strikes(request)), None)
        if fault is not None and fault.kind is Kind.WHOLE:
            request = attrs.evolve(request, headers={k: v for k, v in request.headers.items() if k != "range"})
        reply = self.answer(request)
        try:
            self._send(handler, reply, fault)
        except OSError:  # the client has left; that is its right
            handler.close_connection = True

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply, fault: Fault | None) -> None:
        if fault is not None:
            reply = altered(fault.kind, reply)
            if fault.kind is Kind.RESET:
                handler.close_connection = True
                return reset(handler)
        handler.send_response(reply.status)
        for name, value in {
            "Content-Type": reply.kind,
            "Content-Length": str(len(reply.body)),
            **reply.headers,
        }.items():
            handler.send_header(name, value)
        handler.end_headers()
        if handler.command == "HEAD":
            return None
        if fault is None or fault.kind not in MIDWAY:
            handler.wfile.write(reply.body)
            return None
        handler.close_connection = True
        if fault.kind is Kind.TRICKLE:
            for position in range(len(reply.body)):
                handler.wfile.write(reply.body[position : position + 1])
                fault.released.wait(0.1)
            return None
        handler.wfile.write(reply.body[: len(reply.body) // 2])
        handler.wfile.flush()
        if fault.kind is Kind.RESET_MIDWAY:
            return reset(handler)
        if fault.kind is Kind.HANG:
            fault.released.wait(30)
        return None
