import json

import pytest

from modelry.errors import InputError, PresetFormatError, PresetNotFound, StorageError, UnsafePresetError
from modelry.storage import retries
from modelry.storage.filesystems import guards
from modelry.storage.open import open_preset
from modelry.storage.options import OpenOptions

FAULTS = ["503", "429", "500", "reset", "close", "cut", "short", "long", "flip", "no range", "gzip"]
WEIGHTS = "model.weights.h5"


def test_every_file_comes_as_it_lies_there(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    listed = {path.relative_to(preset).as_posix() for path in preset.rglob("*") if path.is_file()}
    listed -= {"README.md"}  # which the manifest does not list, so that a web server's reader cannot know of it
    assert files.names() == listed
    for name in listed:
        assert files.path(name).read_bytes() == (preset / name).read_bytes()
        assert files.size(name) == (preset / name).stat().st_size


def test_opening_reads_the_manifest_alone(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    assert web.requests == [("/sentiment/modelry.json", None)]
    assert not files.is_local("config.json")
    files.path("config.json")
    assert "/sentiment/model.weights.h5" not in {path for path, _ in web.requests}
    assert files.is_local("config.json")


def test_what_is_here_is_not_fetched_again(web, preset):
    for name in ("config.json", WEIGHTS):
        open_preset(f"{web.url}/sentiment").path(name)
    web.requests.clear()
    files = open_preset(f"{web.url}/sentiment")
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert len(web.requests) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_does_no_harm(web, preset, fault):
    web.faults.extend(["close", fault] if fault == "no range" else [fault])
    assert open_preset(f"{web.url}/sentiment").path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_a_row_of_faults_does_no_harm(web, preset):
    web.faults.extend(["503", "close", "reset", "cut", "flip", "429", "close", "no range", "short", "gzip"])
    assert open_preset(f"{web.url}/sentiment").path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_reading_goes_on_where_it_stopped(web, preset):
    web.faults.append("close")
    open_preset(f"{web.url}/sentiment").path(WEIGHTS)
    first, second = [asked for path, asked in web.requests if path.endswith(WEIGHTS)]
    assert first is None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= (preset / WEIGHTS).stat().st_size // 2


def test_a_server_that_stays_down_is_a_clear_error(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    web.faults.extend(["503"] * 1000)
    with pytest.raises(StorageError, match=r"model\.weights\.h5 of 'http.*503.*Try again later.*offline=True"):
        files.path(WEIGHTS)
    assert len(web.faults) < 999
    web.faults.clear()
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


@pytest.fixture
def hurried(monkeypatch):
    """Waits of a tenth of a second where they are of a minute."""
    monkeypatch.setitem(guards.TIMEOUTS, "sock_read", 0.1)


@pytest.mark.parametrize("fault", ["silence", "hang"])
def test_a_server_that_stalls_is_asked_again(web, preset, hurried, fault):
    web.faults.append(fault)
    assert open_preset(f"{web.url}/sentiment").path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    first, second = [asked for path, asked in web.requests if path.endswith(WEIGHTS)]
    assert (first, second is None) == (None, fault == "silence")


def test_a_server_that_never_answers_is_a_clear_error(web, preset, hurried):
    files = open_preset(f"{web.url}/sentiment")
    web.faults.extend(["silence"] * 100)
    with pytest.raises(StorageError, match=r"model\.weights\.h5 of 'http.*Timeout.*Try again later.*offline=True"):
        files.path(WEIGHTS)
    assert len(web.faults) < 999
    web.faults.clear()
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()


def test_a_server_that_stalls_is_not_waited_for_beyond_patience(web, preset, hurried, monkeypatch):
    files = open_preset(f"{web.url}/sentiment")
    monkeypatch.setattr(retries, "PATIENCE_WITHOUT_REPLY", 0)
    web.faults.extend(["silence"] * 100)
    with pytest.raises(StorageError, match="Timeout"):
        files.path(WEIGHTS)
    assert len(web.faults) == 99


def test_what_is_compressed_unasked_is_unpacked_or_refused(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    web.faults.extend(["gzip"] * 100)
    assert files.path(WEIGHTS).read_bytes() == (preset / WEIGHTS).read_bytes()
    assert web.headers["Accept-Encoding"] == "identity"
    assert len(web.faults) == 99


def test_nobody_there_is_a_clear_error(web, preset):
    with pytest.raises(StorageError, match=r"'http://127\.0\.0\.1:9/x' cannot be opened.*Try again later"):
        open_preset("http://127.0.0.1:9/x")


def test_refused_access_is_told_at_once(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    web.faults.extend(["401"] * 10)
    with pytest.raises(StorageError, match=r"401.*pass credentials with token= or storage_options="):
        files.path(WEIGHTS)
    assert len(web.faults) == 9


def test_a_file_that_is_not_what_the_manifest_says_is_never_given_out(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    content = bytearray((preset / WEIGHTS).read_bytes())
    content[1000] ^= 1
    (preset / WEIGHTS).write_bytes(content)
    with pytest.raises(StorageError, match=r"model\.weights\.h5 .* has other content than the digest"):
        files.path(WEIGHTS)


def test_a_preset_that_is_replaced_meanwhile_is_never_mixed(web, preset):
    files = open_preset(f"{web.url}/sentiment")
    files.path("config.json")
    manifest = json.loads((preset / "modelry.json").read_text())
    (preset / "task.json").write_text("{}")
    manifest["files"]["task.json"] = {
        "size": 2,
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(StorageError, match=r"task\.json.*could not be fetched: it ended after 2 of"):
        files.path("task.json")
    assert open_preset(f"{web.url}/sentiment").path("task.json").read_text() == "{}"


def test_a_file_that_is_gone_is_named(web, preset):
    (preset / "task.json").unlink()
    with pytest.raises(StorageError, match=r"task\.json .* is not there, though modelry\.json lists it"):
        open_preset(f"{web.url}/sentiment").path("task.json")


def test_without_a_manifest_there_is_no_preset(web, preset):
    (preset / "modelry.json").unlink()
    with pytest.raises(PresetNotFound, match=r"There is no modelry\.json at 'http.*zip://folder::https://"):
        open_preset(f"{web.url}/sentiment")


@pytest.mark.parametrize("content", ["[]", "{}", '{"files": 3}', '{"files": {"a": {"size": "3", "sha256": "x"}}}'])
def test_a_damaged_manifest_is_named(web, preset, content):
    (preset / "modelry.json").write_text(content)
    with pytest.raises(PresetFormatError, match=r"modelry\.json of preset .* does not list files"):
        open_preset(f"{web.url}/sentiment")


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a//b", "c:x", "a\\b", "nul", "x\u202ey", "trailing.", "a/./b"]
)
def test_names_that_do_harm_are_refused(web, preset, name):
    manifest = json.loads((preset / "modelry.json").read_text())
    manifest["files"][name] = {"size": 1, "sha256": "0" * 64}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(UnsafePresetError, match="A preset with such a name is not opened"):
        open_preset(f"{web.url}/sentiment")


def test_names_that_fall_together_are_refused(web, preset):
    manifest = json.loads((preset / "modelry.json").read_text())
    manifest["files"]["CONFIG.json"] = {"size": 1, "sha256": "0" * 64}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    with pytest.raises(UnsafePresetError, match=r"is the same as .* on some systems"):
        open_preset(f"{web.url}/sentiment")


def test_unusual_names_reach_the_server(web, preset):
    manifest = json.loads((preset / "modelry.json").read_text())
    (preset / "a b%20ü#?.txt").write_text("x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    manifest["files"]["a b%20ü#?.txt"] = {"size": 1, "sha256": digest}
    (preset / "modelry.json").write_text(json.dumps(manifest))
    assert open_preset(f"{web.url}/sentiment").path("a b%20ü#?.txt").read_text() == "x"


def test_a_token_is_sent_and_never_shown(web, preset, cache):
    files = open_preset(f"{web.url}/sentiment", OpenOptions(token="planted-token"))
    assert web.headers["Authorization"] == "Bearer planted-token"
    web.faults.append("401")
    with pytest.raises(StorageError) as caught:
        files.path("config.json")
    assert "planted" not in str(caught.value)
    assert all(b"planted" not in path.read_bytes() for path in cache.rglob("*") if path.is_file())
    with pytest.raises(InputError, match=r"token= would be sent to 'example\.org' in the clear"):
        open_preset("http://example.org/x", OpenOptions(token="planted-token"))


def test_a_signed_url_is_sent_and_never_shown(web, preset, cache):
    signed = f"{web.url.replace('//', '//me:planted-word@')}/sentiment?sig=planted-signature&se=2027"
    files = open_preset(signed)
    assert "/sentiment/modelry.json?sig=planted-signature&se=2027" in web.requests[0]
    assert files.reference == f"{web.url.replace('//', '//***@')}/sentiment?sig=***&se=***"
    web.faults.extend(["503"] * 1000)
    with pytest.raises(StorageError) as caught:
        files.path("config.json")
    web.faults.clear()
    assert "planted" not in str(caught.value)
    files.path("config.json")
    assert "planted" not in repr(files)
    assert all(b"planted" not in path.read_bytes() for path in cache.rglob("*") if path.is_file())
    # Who signed is not what is meant.
    files = open_preset(signed.replace("planted-signature", "another"), OpenOptions(offline=True))
    assert files.path("config.json").is_file()


def test_headers_of_ones_own_are_sent(web, preset):
    open_preset(f"{web.url}/sentiment", OpenOptions(storage_options={"headers": {"X-Asked-By": "a test"}}))
    assert web.headers["X-Asked-By"] == "a test"
