"""A server does not send its clients into this machine or network, whatever client it is and whatever it was given."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from modelry import upload_preset
from modelry.errors import InputError, UnsafePresetError
from modelry.storage.filesystems.guards import Place, check_redirect
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from .certificates import make_certificate
from .conftest import upload
from .servers import PASSWORD, USER, webdav
from .test_filesystems import zipped
from .web import Web

WEIGHTS = "model.weights.h5"
PUBLIC, PRIVATE = "93.184.216.34", "10.1.2.3"
REFUSED = "127.0.0.1.*which is not followed"
SECONDS = 20  # after which a client that follows where nobody answers is given up


def in_time(**options):
    return OpenOptions(deadline=SECONDS, **options)


@pytest.fixture
def inner():
    """A server on this machine that must hear of nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(BlockingIOError):  # nobody has come
            server.accept()


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path / "certificate.pem")


async def _let_pass(request, handler):
    return await handler(request)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"client_kwargs": {}},
        {"client_kwargs": {"headers": {"X-Asked-By": "a test"}}},
        {"client_kwargs": {"trace_configs": [aiohttp.TraceConfig()], "middlewares": [_let_pass]}},
    ],
)
@pytest.mark.parametrize("header", ["Location", "URI"])
def test_a_web_server_is_not_followed_into_this_machine(web, preset, inner, options, header):
    web.sent_on["/sentiment/modelry.json"] = {header: f"{inner}/modelry.json"}
    with pytest.raises(UnsafePresetError, match=REFUSED):
        open_preset(f"{web.url}/sentiment", in_time(storage_options=options))
    web.sent_on["/presets.zip"] = {header: f"{inner}/presets.zip"}
    with pytest.raises(UnsafePresetError, match=REFUSED):
        open_preset(f"zip://::{web.url}/presets.zip", in_time(storage_options={"http": options}))


def test_what_a_caller_says_about_sessions_is_kept(web, preset):
    options = {"client_kwargs": {"headers": {"X-Asked-By": "a test"}, "middlewares": [_let_pass]}}
    web.sent_on["/sentiment/config.json"] = {"Location": "/sentiment/task.json"}
    files = open_preset(f"{web.url}/sentiment", in_time(storage_options=options))
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert web.headers["X-Asked-By"] == "a test"


def test_a_web_server_may_send_on_within_itself(web, preset):
    web.sent_on["/old/modelry.json"] = {"Location": "/sentiment/modelry.json"}
    web.sent_on["/old/config.json"] = {"Location": f"{web.url}/sentiment/config.json"}
    assert open_preset(f"{web.url}/old").path("config.json").read_bytes() == (preset / "config.json").read_bytes()


def test_a_webdav_server_is_not_followed_into_this_machine(shelf, preset, inner):
    upload(preset, lambda name, content: _write(shelf / "p" / name, content))
    (shelf / "presets.zip").write_bytes(zipped(preset))
    sent_on = {}
    with webdav(shelf, sent_on) as port:
        host = f"webdav://{USER}:{PASSWORD}@127.0.0.1:{port}"
        files = open_preset(f"{host}/p", in_time())
        sent_on[f"GET /p/{WEIGHTS}"] = f"{inner}/{WEIGHTS}"
        with pytest.raises(UnsafePresetError, match=REFUSED):
            files.path(WEIGHTS)
        sent_on["PROPFIND /p"] = f"{inner}/p"
        hooks = {"event_hooks": {"request": [lambda request: None]}}
        for options in ({}, hooks, {"event_hooks": None}, {"follow_redirects": True}):
            with pytest.raises(UnsafePresetError, match=REFUSED):
                open_preset(f"{host}/p", in_time(storage_options=options))
        sent_on["GET /presets.zip"] = f"{inner}/presets.zip"
        with pytest.raises(UnsafePresetError, match=REFUSED):
            open_preset(f"zip://::{host}/presets.zip", in_time(storage_options={"webdav": {}})).path(WEIGHTS)
        with pytest.raises(UnsafePresetError, match=REFUSED):
            upload_preset(f"{host}/p", preset, storage_options={"follow_redirects": True}, deadline=SECONDS)


def test_a_webdav_server_may_send_on_within_itself(shelf, preset):
    upload(preset, lambda name, content: _write(shelf / "new" / name, content))
    sent_on, heard = {}, []
    with webdav(shelf, sent_on) as port:
        host = f"{USER}:{PASSWORD}@127.0.0.1:{port}"
        options = {"event_hooks": {"request": [heard.append]}}
        files = open_preset(f"webdav://{host}/new", in_time(storage_options=options))
        sent_on["GET /new/config.json"] = f"http://127.0.0.1:{port}/new/again"
        sent_on["GET /new/again"] = "/new/copy.json"
        _write(shelf / "new/copy.json", (preset / "config.json").read_bytes())
        content = files.path("config.json").read_bytes()
    assert content == (preset / "config.json").read_bytes()
    assert heard


def test_what_was_asked_for_with_encryption_is_not_sent_on_without(web, preset, certificate, shelf):
    (web.folder / "presets.zip").write_bytes(zipped(preset))
    (shelf / "presets.zip").write_bytes(zipped(preset))
    with Web(web.folder) as secure:
        secure.encrypt(certificate)
        trusting = {"ssl": False}
        assert "config.json" in open_preset(f"{secure.url}/sentiment", in_time(storage_options=trusting))
        secure.sent_on["/sentiment/modelry.json"] = {"Location": f"{web.url}/sentiment/modelry.json"}
        with pytest.raises(UnsafePresetError, match="without encryption, which is not followed"):
            open_preset(f"{secure.url}/sentiment", in_time(storage_options=trusting))
        secure.sent_on["/presets.zip"] = {"Location": f"{web.url}/presets.zip"}
        with pytest.raises(UnsafePresetError, match="without encryption, which is not followed"):
            open_preset(f"zip://::{secure.url}/presets.zip", in_time(storage_options={"https": trusting}))
    sent_on = {"PROPFIND /p": f"{web.url}/p"}
    with webdav(shelf, sent_on, certificate) as port:
        options = in_time(storage_options={"verify": False})
        with pytest.raises(UnsafePresetError, match="without encryption, which is not followed"):
            open_preset(f"webdavs://{USER}:{PASSWORD}@127.0.0.1:{port}/p", options)
    assert web.requests == []


@pytest.mark.parametrize(
    ("scheme", "name", "instead"),
    [
        ("https", "get_client", "client_kwargs="),
        ("https", "client", "client_kwargs="),
        ("http", "http_client", "client_kwargs="),
        ("http", "middlewares", "client_kwargs="),
        ("webdav", "http_client", "event_hooks="),
        ("webdavs", "client", "event_hooks="),
        ("webdavs", "get_client", "event_hooks="),
    ],
)
def test_an_option_that_would_replace_the_client_is_refused(preset, scheme, name, instead):
    message = rf"has '{name}', which would take the place of the client.*{instead}"
    with pytest.raises(InputError, match=message):
        open_preset(f"{scheme}://example.org/p", in_time(storage_options={name: print}))
    with pytest.raises(InputError, match=message):
        open_preset(f"tar://p::{scheme}://example.org/p.tar", in_time(storage_options={scheme: {name: print}}))
    if scheme.startswith("webdav"):
        with pytest.raises(InputError, match=message):
            upload_preset(f"{scheme}://example.org/p", preset, storage_options={name: print})


def test_options_that_a_guard_is_added_to_are_dicts():
    for scheme, name in (("https", "client_kwargs"), ("webdav", "event_hooks")):
        with pytest.raises(InputError, match=rf"'{name}' in storage_options= of .* must be a dict, not a list"):
            open_preset(f"{scheme}://example.org/p", in_time(storage_options={name: [print]}))


@pytest.mark.parametrize(
    ("asked", "target", "refused"),
    [
        (Place("https", PUBLIC), Place("https", "93.184.216.35"), None),
        (Place("http", PUBLIC), Place("https", "93.184.216.35"), None),
        (Place("https", PUBLIC), Place("http", "93.184.216.35"), "without encryption"),
        (Place("https", PUBLIC, 8443), Place("http", PUBLIC, 8443), "without encryption"),
        (Place("https", PUBLIC), Place("https", PRIVATE), "private"),
        (Place("https", PUBLIC), Place("https", "127.0.0.1"), "loopback"),
        (Place("https", PUBLIC), Place("https", "::1"), "loopback"),
        (Place("https", PUBLIC), Place("https", "169.254.169.254"), "link-local"),
        (Place("https", PUBLIC), Place("https", "::ffff:10.1.2.3"), "private"),
        (Place("https", PUBLIC), Place("https", "64:ff9b::10.1.2.3"), "private"),
        (Place("https", PUBLIC), Place("https", "2002:7f00:1::"), "loopback"),
        (Place("https", PUBLIC), Place("https", "64:ff9b::93.184.216.35"), None),
        (Place("https", PRIVATE), Place("https", "10.1.2.4"), None),
        (Place("https", PRIVATE), Place("https", PUBLIC), None),
        (Place("https", PRIVATE), Place("https", "127.0.0.1"), "loopback"),
        (Place("http", "127.0.0.1", 80), Place("http", "127.0.0.1"), None),
        (Place("http", "127.0.0.1", 81), Place("http", "127.0.0.1"), "loopback"),
        (Place("http", "127.0.0.1", 81), Place("http", PRIVATE), None),
    ],
)
def test_where_a_server_may_send_on_to(asked, target, refused):
    if refused is None:
        check_redirect(asked, target)
    else:
        with pytest.raises(UnsafePresetError, match=refused):
            check_redirect(asked, target)


def test_a_name_with_a_private_address_beside_a_public_one_is_public(monkeypatch):
    """Whoever owns a name may give it any addresses."""
    addresses = {"both": (PUBLIC, PRIVATE), "inside": (PRIVATE, "127.0.0.1"), "router": ("192.168.0.1",)}

    def getaddrinfo(host, port, **_):
        return [(None, None, None, "", (address, port)) for address in addresses[host]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    check_redirect(Place("http", "inside"), Place("http", "router"))
    with pytest.raises(UnsafePresetError, match="private"):
        check_redirect(Place("http", "both"), Place("http", "router"))


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
