"""An SFTP and a WebDAV server on this machine."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import asyncssh
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from wsgidav.wsgidav_app import WsgiDAVApp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

USER, PASSWORD = "reader", "planted-password"


class _PasswordServer(asyncssh.SSHServer):
    connections: ClassVar[list[asyncssh.SSHServerConnection]] = []

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connections.append(conn)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@contextmanager
def sftp(folder: Path) -> Iterator[tuple[int, str]]:
    """Serve a folder; yield the port, and the line for `known_hosts`."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def root(channel: asyncssh.SSHServerChannel) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=_PasswordServer, server_host_keys=[key], sftp_factory=root
        )

    async def close() -> None:
        server.close()
        await server.wait_closed()
        while _PasswordServer.connections:
            connection = _PasswordServer.connections.pop()
            connection.abort()
            await connection.wait_closed()

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    port = server.get_port()
    try:
        yield port, f"[127.0.0.1]:{port} {key.export_public_key().decode()}"
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


@contextmanager
def webdav(folder: Path, sent_on: dict[str, str] | None = None, certificate: Path | None = None) -> Iterator[int]:
    """Serve a folder; yield the port.

    Args:
        folder: The folder.
        sent_on: Method and path → where such requests are sent on to; it may change meanwhile.
        certificate: The file of a certificate and its key, for `webdavs://`.
    """
    users = {USER: {"password": PASSWORD}}
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(folder)},
            "simple_dc": {"user_mapping": {"*": users}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )

    def answer(environ: dict[str, str], start: Callable[..., object]) -> Iterable[bytes]:
        place = (sent_on or {}).get(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].rstrip('/')}")
        if place is None:
            return app(environ, start)
        start("307 Temporary Redirect", [("Location", place), ("Content-Length", "0")])
        return []

    server = Server(("127.0.0.1", 0), answer)
    if certificate is not None:
        server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(certificate))
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.bind_addr[1]
    finally:
        server.stop()
        thread.join(20)
