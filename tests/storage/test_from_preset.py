import pytest

from modelry import Backbone, Preprocessor, TextClassifier, Tokenizer, isolated, models
from modelry.errors import InputError, UnknownArgument
from modelry.presets.adapter import options_for_base
from modelry.storage.options import OpenOptions

from .conftest import upload

TEXTS = ["What an amazing movie!", "A total waste of my time."]


@pytest.fixture
def in_memory(memory, preset):
    upload(preset, lambda name, content: memory.pipe(f"/p/{name}", content))
    return "memory://p"


def test_a_classifier_comes_from_a_bucket(bucket, object_store, preset, tmp_path):
    upload(preset, lambda name, content: bucket.put_object(Key=f"p/{name}", Body=content))
    here = TextClassifier.from_preset(preset)
    options = {"cache_dir": tmp_path / "mine", "storage_options": {"endpoint_url": object_store}}
    there = TextClassifier.from_preset("s3://presets/p", **options)
    assert type(there) is type(here)
    assert there.classify(TEXTS) == here.classify(TEXTS)
    bucket.objects.all().delete()
    again = TextClassifier.from_preset("s3://presets/p", offline=True, verify="full", **options)
    assert again.classify(TEXTS) == here.classify(TEXTS)


def test_an_adapter_and_its_base_come_from_one_bucket_with_one_key(bucket, object_store, preset, tmp_path, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    options = {"storage_options": {"endpoint_url": object_store}}
    upload(preset, lambda name, content: bucket.put_object(Key=f"base/{name}", Body=content))
    classifier = TextClassifier.from_preset("s3://presets/base", **options)
    classifier.enable_lora(2)
    classifier.save_adapter("s3://presets/adapter", **options)
    again = TextClassifier.from_preset("s3://presets/adapter", **options)
    assert again.classify(TEXTS) == classifier.classify(TEXTS)
    again = TextClassifier.from_preset("s3://presets/adapter", base="s3://presets/base", **options)
    again.save_adapter(tmp_path / "again")  # reads the base once more, as it was opened


def test_what_opens_an_adapter_is_shown_to_its_own_store_alone():
    options = OpenOptions(token="hf_planted", storage_options={"endpoint": "https://hub"}, revision="v2")
    for base, adapter, kept in [
        ("s3://one/base", "s3://one/adapter", True),
        ("s3://other/base", "s3://one/adapter", False),
        ("hf://acme/base", "hf://me/adapter", True),
        ("hf://acme/base", "https://host/adapter", False),
        ("bert_micro_sst2", "hf://me/adapter", False),
        ("zip://x::s3://one/base.zip", "s3://one/adapter", False),
        (["s3://one/base"], "s3://one/adapter", False),
    ]:
        told = options_for_base(options, base, adapter)
        assert (told.token, told.storage_options is None, told.revision) == (
            ("hf_planted", False, None) if kept else (None, True, None)
        ), base


def test_every_part_comes_from_a_store(in_memory, preset):
    options = {"offline": False, "verify": "full"}
    assert TextClassifier.from_preset(in_memory, num_classes=3, **options).num_classes == 3
    assert Backbone.from_preset(in_memory, dropout=0.3, **options).dropout == 0.3
    assert Preprocessor.from_preset(in_memory, sequence_length=7, **options).sequence_length == 7
    assert Tokenizer.from_preset(in_memory, **options)("film") == Tokenizer.from_preset(preset)("film")


def test_a_tokenizer_alone_fetches_no_weights(web, preset):
    models.BertTokenizer.from_preset(f"{web.url}/sentiment")
    fetched = {path.rpartition("/")[2] for path, _ in web.requests}
    assert "vocabulary.txt" in fetched
    assert not any(name.endswith(".h5") for name in fetched)


@pytest.mark.parametrize("cls", [TextClassifier, Backbone, Preprocessor, Tokenizer])
def test_a_misspelt_option_is_corrected(cls, in_memory):
    with pytest.raises(UnknownArgument, match=r"takes no argument 'revison'\. Did you mean 'revision'\?"):
        cls.from_preset(in_memory, revison="main")


@pytest.mark.parametrize("cls", [TextClassifier, Backbone, Preprocessor, Tokenizer])
def test_an_option_that_a_store_has_no_use_for_is_refused(cls, in_memory):
    with pytest.raises(InputError, match=r"'memory://p' cannot be opened with revision="):
        cls.from_preset(in_memory, revision="main")


def test_observers_hear_no_secrets(web, preset, monkeypatch):
    heard = []
    with isolated() as registry:
        monkeypatch.setattr(type(registry.hooks), "has_observers", True)
        monkeypatch.setattr(type(registry.hooks), "announce", lambda _, event: heard.append(event))
        Tokenizer.from_preset(f"{web.url}/sentiment?sig=planted")
        assert registry is not None
    assert len(heard) > 3
    assert "planted" not in repr(heard)
    assert {name for event in heard[:-1] for name in event.files} >= {"modelry.json", "config.json"}
