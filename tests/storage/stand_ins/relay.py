"""What stands between a client and a server on this machine, and lets little or nothing through when a test says so."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Relay:
    """Passes bytes on, in both directions.

    Attributes:
        port: Where clients connect to.
        broken_since: When it broke down.
    """

    def __init__(self, to: int) -> None:
        self.broken_since = 0.0
        self._fault: str | None = None
        self._to = to
        self._released = threading.Event()
        self._sockets: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]

    def break_down(self, fault: str) -> None:
        """Pass on nothing of what clients send (`"hang"`), or a byte of it now and then (`"trickle"`)."""
        self._fault, self.broken_since = fault, time.monotonic()

    def release(self) -> None:
        """Pass on what was held back, and all that follows."""
        self._fault = None
        self._released.set()

    def __enter__(self) -> Relay:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        for one in (self._listening, *self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                self._sockets += [client, server]
                for one in (client, server):  # what waits for an acknowledgement costs 40 ms each time
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for start, end in ((client, server), (server, client)):
                    arguments = (start, end, start is client)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, start: socket.socket, end: socket.socket, of_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := start.recv(2**16):
                if of_client and self._fault == "hang":
                    self._released.wait()
                while of_client and self._fault == "trickle" and data:
                    end.sendall(data[:1])
                    data = data[1:]
                    self._released.wait(0.02)
                end.sendall(data)
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_WR)
