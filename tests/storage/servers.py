"""An SFTP and a WebDAV server on this machine."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

import asyncssh
from cheroot.wsgi import Server
from wsgidav.wsgidav_app import WsgiDAVApp

if TYPE_CHECKING:
    from collections.abc import Iterator
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
def webdav(folder: Path) -> Iterator[int]:
    """Serve a folder; yield the port."""
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
    server = Server(("127.0.0.1", 0), app)
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.bind_addr[1]
    finally:
        server.stop()
        thread.join(20)
