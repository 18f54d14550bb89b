import pytest

from modelry.storage.paths import parse_reference, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/presets", "https://host/presets"),
        ("https://me:Pa55@host:8443/presets", "https://***@host:8443/presets"),
        ("https://ghp_token@host/presets", "https://***@host/presets"),
        ("s3://AKIA:se+cret@bucket/key", "s3://***@bucket/key"),
        ("sftp://me@host/presets", "sftp://me@host/presets"),
        ("sftp://me:Pa55@host/presets", "sftp://me:***@host/presets"),
        ("sftp://me:Pa/55@host/presets", "sftp://me:***@host/presets"),
        ("zip://in::https://me:Pa#5@5@host/x.zip", "zip://in::https://***@host/x.zip"),
        ("https://host:8443/x@v2", "https://host:8443/x@v2"),
        ("https://host/a:b@v2", "https://host/a:b@v2"),
        ("abfs://container@account.dfs.core.windows.net/x", "abfs://container@account.dfs.core.windows.net/x"),
        ("hf://user/repo@main/folder", "hf://user/repo@main/folder"),
        ("https://host/x?sig=a%2Bb&se=2027&versionId=7", "https://host/x?sig=***&se=***&versionId=7"),
        ("zip://in::https://me:Pa55@host/x.zip?sig=abc", "zip://in::https://***@host/x.zip?sig=***"),
        ("zip://in::https://host/x.zip?sig=abc::more", "zip://in::https://host/x.zip?sig=***::more"),
        ("GET 'https://h/x?token=abc' failed: is that 1+1=2?", "GET 'https://h/x?token=***' failed: is that 1+1=2?"),
    ],
)
def test_secrets_in_uris_are_hidden(text, shown):
    assert redact(text) == shown
    assert redact(shown) == shown


def test_a_reference_shows_no_secret_and_still_holds_it():
    reference = parse_reference("https://me:Pa55@host/presets?sig=abc")
    assert reference.path == "me:Pa55@host/presets?sig=abc"
    assert reference.text == str(reference) == "https://***@host/presets?sig=***"
    assert "Pa55" not in repr(reference)
    assert "abc" not in repr(reference)
