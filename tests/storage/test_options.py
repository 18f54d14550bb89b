import pytest

from modelry import isolated, registry
from modelry.errors import InputError, StorageError
from modelry.storage.files import FolderFiles
from modelry.storage.handler import Storage
from modelry.storage.open import open_preset
from modelry.storage.options import OPTIONS, OpenOptions, take_options
from modelry.storage.remote_source import RemoteFile


class Plain(Storage):
    """A handler from before there were options."""

    def open(self, reference):
        return FolderFiles(reference.path, reference.text)


@pytest.mark.parametrize("name", ["revision", "token", "cache_dir", "storage_options", "verify"])
def test_a_handler_that_knows_no_options_is_given_none(name, tmp_path):
    value = {"storage_options": {"a": 1}, "verify": "full"}.get(name, "value")
    with isolated():
        registry.register("storage", "plain", Plain)
        with pytest.raises(InputError, match=rf"plain://x.*cannot be opened with {name}=.*takes only offline="):
            open_preset("plain://x", OpenOptions(**{name: value}))


def test_a_folder_is_as_good_offline(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    options = OpenOptions(offline=True, cache_dir=tmp_path, verify="full")
    assert open_preset(tmp_path, options).names() == {"config.json"}
    assert "backbone.py" in open_preset("package://modelry-bert/modelry_bert", options).names()


@pytest.mark.parametrize("name", ["revision", "token"])
@pytest.mark.parametrize("place", ["./folder", "package://modelry-bert/modelry_bert"])
def test_a_folder_has_no_revisions_and_takes_no_token(name, place):
    with pytest.raises(InputError, match=rf"cannot be opened with {name}=.*cache_dir=, deadline=, offline=, verify="):
        open_preset(place, OpenOptions(**{name: "main"}))


def test_options_show_no_secrets():
    options = OpenOptions(token="hf_planted", storage_options={"client": {"secret": "planted2"}, "anon": False})
    assert "planted" not in repr(options)
    text = "401 for hf_planted with planted2 at https://u:p@h/?sig=x"
    assert options.scrub(text) == "401 for *** with *** at https://***@h/?sig=***"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"revision": 3}, "revision must be a text"),
        ({"revision": " "}, "revision must be a text"),
        ({"token": 12345}, r"token must be a text that is not empty, not \*\*\* \(int\)"),
        ({"offline": "yes"}, "offline must be True or False, not 'yes'"),
        ({"cache_dir": 1}, "cache_dir must be the path of a folder"),
        ({"storage_options": ["a"]}, "storage_options must be a dict, not a list"),
        ({"verify": "none"}, "verify='none' is unknown; choose one of 'fast', 'full'"),
    ],
)
def test_wrong_values_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        OpenOptions(**arguments)


@pytest.mark.parametrize(("value", "offline"), [("1", True), ("True", True), ("0", False), ("", False), (None, False)])
def test_the_environment_says_whether_to_stay_offline(monkeypatch, value, offline):
    monkeypatch.delenv("MODELRY_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("MODELRY_OFFLINE", value)
    assert OpenOptions().is_offline is offline
    assert OpenOptions(offline=True).is_offline
    assert not OpenOptions(offline=False).is_offline


def test_an_environment_that_says_neither_is_an_error(monkeypatch):
    monkeypatch.setenv("MODELRY_OFFLINE", "maybe")
    with pytest.raises(InputError, match="MODELRY_OFFLINE='maybe' is neither yes nor no"):
        OpenOptions().is_offline  # noqa: B018


def test_options_are_taken_out_of_keyword_arguments():
    arguments = {"revision": "main", "num_classes": 3, "offline": True}
    assert take_options(arguments) == (OpenOptions(revision="main", offline=True), {"num_classes": 3})
    assert set(OPTIONS) == {
        *("revision", "token", "cache_dir", "offline", "storage_options"),
        *("verify", "deadline", "lock", "budget", "public_key"),
    }


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"sha256": "../../x"}, "which it cannot be"),
        ({"git_sha1": "a" * 39}, "which it cannot be"),
        ({"sha256": "a" * 64, "size": -1}, "size of -1"),
        ({"size": 3}, "nothing about 'x' that would show a change"),
    ],
)
def test_what_a_store_tells_of_a_file_is_checked(facts, message):
    with pytest.raises(StorageError, match=message):
        RemoteFile("x", **facts)
