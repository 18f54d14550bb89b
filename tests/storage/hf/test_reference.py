import pytest

from modelry.errors import InputError, StorageError
from modelry.storage.hf.reference import HubReference, parse_hf
from modelry.storage.paths import parse_reference

COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"


@pytest.mark.parametrize(
    ("text", "expected", "uri"),
    [
        ("hf://acme/reviews", HubReference("acme/reviews", "main", ""), "hf://acme/reviews@main"),
        ("hf://acme/reviews/", HubReference("acme/reviews", "main", ""), "hf://acme/reviews@main"),
        ("hf://models/acme/reviews", HubReference("acme/reviews", "main", ""), "hf://acme/reviews@main"),
        ("hf://acme/reviews@v2", HubReference("acme/reviews", "v2", ""), "hf://acme/reviews@v2"),
        ("hf://acme/reviews/en/small", HubReference("acme/reviews", "main", "en/small"), "hf://acme/reviews@main/en/small"),
        ("hf://acme/reviews@v2/en", HubReference("acme/reviews", "v2", "en"), "hf://acme/reviews@v2/en"),
        ("hf://acme/reviews@team%2Fnew/en", HubReference("acme/reviews", "team/new", "en"), "hf://acme/reviews@team%2Fnew/en"),
        ("hf://acme/reviews@refs/pr/7", HubReference("acme/reviews", "refs/pr/7", ""), "hf://acme/reviews@refs%2Fpr%2F7"),
        ("hf://acme/reviews@refs%2Fpr%2F7", HubReference("acme/reviews", "refs/pr/7", ""), "hf://acme/reviews@refs%2Fpr%2F7"),
        ("hf://acme/reviews@refs/pr/7/en", HubReference("acme/reviews", "refs/pr/7", "en"), "hf://acme/reviews@refs%2Fpr%2F7/en"),
        (f"HF://acme/my.model_1-x@{COMMIT}", HubReference("acme/my.model_1-x", COMMIT, ""), f"hf://acme/my.model_1-x@{COMMIT}"),
    ],
)  # fmt: skip
def test_what_can_be_written(text, expected, uri):
    found = parse_hf(parse_reference(text))
    assert found == expected
    assert str(found) == uri
    assert parse_hf(parse_reference(uri)) == expected


def test_only_the_full_id_of_a_commit_is_pinned():
    assert parse_hf(parse_reference(f"hf://a/b@{COMMIT}")).is_pinned
    assert not parse_hf(parse_reference(f"hf://a/b@{COMMIT[:12]}")).is_pinned
    assert not parse_hf(parse_reference("hf://a/b")).is_pinned


def test_a_revision_is_given_in_one_place():
    assert parse_hf(parse_reference("hf://a/b/en"), "team/new") == HubReference("a/b", "team/new", "en")
    with pytest.raises(InputError, match=r"says revision 'v2', and revision='v3' is given as well"):
        parse_hf(parse_reference("hf://a/b@v2"), "v3")
    with pytest.raises(InputError, match="Give it in one place"):
        parse_hf(parse_reference("hf://a/b@v2"), "v2")


@pytest.mark.parametrize(
    "revision", ["a b", "..", "a..b", "/a", "a/", "-x", "a:b", "a?b", "a\nb", "a//b", "a@{1}", "é\\"]
)
def test_what_git_allows_in_no_revision_is_refused(revision):
    with pytest.raises(InputError, match="is not a revision"):
        parse_hf(parse_reference("hf://acme/reviews"), revision)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hf://", "names no repository"),
        ("hf://gpt2", r"lacks the owner.*https://huggingface\.co/gpt2"),
        ("hf://models/gpt2", "lacks the owner"),
        ("hf://acme/", "lacks the owner"),
        ("hf://datasets/acme/reviews", "names a data set, and presets are in model repositories"),
        ("hf://spaces/acme/demo", "names a Space"),
        ("hf://buckets/acme/x", "names a bucket"),
        ("hf://acme/reviews@", "has no revision after the '@'"),
        ("hf://acme/reviews@/en", "has no revision after the '@'"),
        ("hf://../x", "names no owner"),
        ("hf://acme/..", "names no repository"),
        ("hf://acme/a b", "names no repository"),
        ("hf://acme/x--y", "names no repository"),
        ("hf://acme/x.git", "names no repository"),
        ("hf://acme/" + "x" * 97, "names no repository"),
        ("hf://acme/reviews/../../x", "leads out of the repository"),
        ("hf://acme/reviews@v2/../x", "leads out of the repository"),
        ("hf://acme/reviews//en", "leads out of the repository|not a folder"),
        ("hf://acme/reviews/en//small", "not a folder"),
        ("hf://acme/reviews/./en", "not a folder"),
        ("hf://acme/reviews/en\\x", "leads out of the repository"),
    ],
)
def test_what_is_refused_says_why(text, message):
    with pytest.raises(StorageError, match=message):
        parse_hf(parse_reference(text))


@pytest.mark.parametrize("revision", ["a%20b", "%2e%2e", "a%00b", "..%2Fx"])
def test_a_quoted_revision_is_checked_as_what_it_means(revision):
    with pytest.raises(InputError, match="is not a revision"):
        parse_hf(parse_reference(f"hf://acme/reviews@{revision}"))
