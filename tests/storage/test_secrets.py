"""No secret stands in what anybody is shown, and none is kept; the hubs' tests have theirs, and Azure's."""

from __future__ import annotations

import logging
import shutil
import traceback

import pytest

from modelry.errors import ModelryError
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

from .conftest import upload
from .servers import PASSWORD


def http(request):
    web, _ = request.getfixturevalue("web"), request.getfixturevalue("preset")
    secret = web.url.replace("//", "//me:planted-password@")
    return f"{secret}/sentiment?sig=planted-signature", f"{secret}/nothing?sig=planted-signature", {}


def http_token(request):
    web, _ = request.getfixturevalue("web"), request.getfixturevalue("preset")
    return f"{web.url}/sentiment", f"{web.url}/nothing", {"token": "planted-token"}


def s3(request):
    bucket, preset = request.getfixturevalue("bucket"), request.getfixturevalue("preset")
    upload(preset, lambda name, content: bucket.put_object(Key=f"p/{name}", Body=content))
    options = {
        "endpoint_url": request.getfixturevalue("object_store"),
        "key": "planted-key",
        "secret": "planted-secret",
    }
    return "s3://presets/p", "s3://nothing/p", {"storage_options": options}


def sftp(request):
    host, shelf = request.getfixturevalue("sftp_host"), request.getfixturevalue("shelf")
    shutil.copytree(request.getfixturevalue("preset"), shelf / "p")
    return f"sftp://{host}/p", f"sftp://{host.replace(PASSWORD, 'planted-wrong')}/p", {}


def webdav(request):
    host, shelf = request.getfixturevalue("webdav_host"), request.getfixturevalue("shelf")
    shutil.copytree(request.getfixturevalue("preset"), shelf / "p")
    return f"webdav://{host}/p", f"webdav://{host.replace(PASSWORD, 'planted-wrong')}/p", {}


@pytest.mark.parametrize("store", [http, http_token, s3, sftp, webdav], ids=lambda store: store.__name__)
def test_no_secret_is_shown_or_kept(store, request, cache, caplog, capsys):
    right, wrong, given = store(request)
    options = OpenOptions(**given)
    files = open_preset(right, options)
    for name in files.names():
        files.path(name)
    shown = [repr(options), repr(files), repr(vars(files)), files.reference, str(files.revision)]
    with pytest.raises(ModelryError) as caught:
        open_preset(wrong, options)
    shown += ["".join(traceback.format_exception(caught.value)), repr(caught.value)]
    shown += [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    shown += capsys.readouterr()
    assert [text for text in shown if "planted" in text] == []
    kept = [str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in cache.rglob("*")]
    assert kept
    assert [content for content in kept if b"planted" in content] == []
