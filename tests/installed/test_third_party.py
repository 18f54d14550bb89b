"""Other people's distributions, used as their users do: through pip, Python and the command."""

from __future__ import annotations

import json
import re
import shutil

import pytest

TEXTS = """
texts = ["My card was charged twice.", "Refund my payment.", "Where is my parcel?", "My parcel is damaged."] * 6
labels = ["billing", "billing", "shipping", "shipping"] * 6
"""

TRAIN_TEXTCNN = f"""
import modelry, keras
from acme_textcnn import CharacterTokenizer, TextCnnBackbone, TextCnnPreprocessor, TextCnnTextClassifier
{TEXTS}
keras.utils.set_random_seed(0)
tokenizer = CharacterTokenizer.learn(texts)
classifier = TextCnnTextClassifier(
    TextCnnBackbone(tokenizer.vocabulary_size(), filters=8),
    labels=["billing", "shipping"],
    preprocessor=TextCnnPreprocessor(tokenizer, sequence_length=48),
)
classifier.fit(texts, labels, batch_size=8, verbose=0)
classifier.save_to_preset("messages")
keras.ops.convert_to_numpy(classifier.predict(texts[:4], verbose=0)).dump("scores")
"""

COMPARE = f"""
import modelry, numpy
{TEXTS}
classifier = modelry.TextClassifier.from_preset("messages")
scores = classifier.predict(texts[:4], verbose=0)
print(type(classifier).__name__, numpy.abs(scores - numpy.load("scores", allow_pickle=True)).max() < 1e-6)
"""


@pytest.fixture
def install(environment, third_party):
    """Install distributions with pip, nothing but them."""

    def install_wheels(*names: str) -> None:
        environment.pip("install", "--no-deps", "--no-index", *map(third_party, names))

    return install_wheels


def error_of(done) -> str:
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_architecture_travels_with_its_wheel(environment, install, third_party):
    install("acme-textcnn")
    environment.run(TRAIN_TEXTCNN)
    assert environment.run(COMPARE) == ["TextCnnTextClassifier True"]
    environment.pip("uninstall", "--yes", "acme-textcnn")

    explained = environment.modelry("explain", "messages")
    assert explained.returncode == 1
    command = 'pip install "acme-textcnn>=0.1.0,<0.2"'
    assert command in explained.stdout + explained.stderr
    assert command in error_of(environment.modelry("classify", "messages", "My parcel!"))

    started = environment.start("bash", "-c", f"{command} --no-deps --no-index -f {third_party('acme-textcnn').parent}")
    assert started.returncode == 0, started.stderr
    assert environment.run(COMPARE) == ["TextCnnTextClassifier True"]


def test_a_later_version_reads_what_an_earlier_one_saved(environment, install):
    install("acme-textcnn")
    environment.run(TRAIN_TEXTCNN)
    install("acme-textcnn-0.2")
    assert environment.run("import modelry; print(modelry.models.TextCnnBackbone.arguments()[2])") == ["num_filters"]
    compared = environment.start("python", "-W", "always", "-c", COMPARE)
    assert compared.stdout.splitlines() == ["TextCnnTextClassifier True"], compared.stderr
    assert "'acme-textcnn:characters'" in compared.stderr
    assert "deprecated" in compared.stderr
    assert environment.modelry("explain", "messages").returncode == 0

    environment.run("import modelry; modelry.TextClassifier.from_preset('messages').save_to_preset('again')")
    saved = json.loads((environment.cwd / "again" / "modelry.json").read_text())
    assert saved["components"]["tokenizers"] == "acme-textcnn:characters"
    assert "acme-textcnn>=0.2.0,<0.3" in saved["requires"]
    # An older plugin cannot read it, and says which one can.
    shutil.rmtree(environment.cwd / "messages")
    install("acme-textcnn")
    message = error_of(environment.modelry("classify", "again", "text"))
    assert "acme-textcnn>=0.2.0,<0.3, which is installed in version 0.1.0" in message


def test_loading_imports_the_plugins_that_it_uses_and_no_other(environment, install):
    install("acme-textcnn", "attention-head", "hashed-ngrams", "other-textcnn", "vault-storage", "acme-messages")
    environment.run(TRAIN_TEXTCNN)
    output = environment.run(
        """
        import sys, modelry
        plugins = {"acme_textcnn", "attention_head", "hashed_ngrams", "other_textcnn", "vault_storage"}
        plugins |= {"acme_messages", "modelry_bert"}
        print(sorted(plugins & set(sys.modules)))
        modelry.TextClassifier.from_preset("./messages")
        print(sorted(plugins & set(sys.modules)))
        modelry.TextClassifier.from_preset("./messages", num_classes=2, head="attention-head:attention")
        print(sorted(plugins & set(sys.modules)))
        """
    )
    assert output == ["[]", "['acme_textcnn']", "['acme_textcnn', 'attention_head']"]


def test_a_plugin_brings_a_command(environment, install):
    install("acme-textcnn-0.2")
    assert "count-characters" in environment.modelry("--help").stdout
    assert "Count the characters of texts." in environment.modelry("count-characters", "--help").stdout
    assert environment.modelry("count-characters", "ab", "c").stdout == "2\tab\n1\tc\n"
    assert error_of(environment.modelry("count-characters", "")).startswith("Error: A text is empty.")
    assert environment.modelry("count-character", "ab").returncode == 2


def test_an_architecture_without_a_vocabulary(environment, install):
    install("hashed-ngrams")
    output = environment.run(
        f"""
        import modelry, keras
        from hashed_ngrams import NgramBackbone, NgramPreprocessor, NgramTextClassifier, NgramTokenizer
        {TEXTS.strip().replace(chr(10), chr(10) + "        ")}
        keras.utils.set_random_seed(0)
        preprocessor = NgramPreprocessor(NgramTokenizer(buckets=512), sequence_length=64)
        classifier = NgramTextClassifier(NgramBackbone(512), labels=["billing", "shipping"], preprocessor=preprocessor)
        classifier.fit(texts, labels, batch_size=8, epochs=40, verbose=0)
        print([label for [(label, _)] in classifier.classify(["Refund it.", "Where is it?"])])
        classifier.save_to_preset("ngrams")
        restored = modelry.TextClassifier.from_preset("ngrams")
        print((restored.predict(texts, verbose=0) == classifier.predict(texts, verbose=0)).all())
        """
    )
    assert output == ["['billing', 'shipping']", "True"]
    shown = environment.modelry("show", "ngrams").stdout
    assert "hashed_ngrams:NgramTokenizer  (hashed-ngrams 1.4.2)" in shown


def test_a_head_goes_on_other_peoples_backbones(environment, install):
    install("attention-head", "hashed-ngrams", "acme-textcnn")
    output = environment.run(
        TRAIN_TEXTCNN
        + """
for preset in ("messages", "bert_micro_sst2"):
    with_head = modelry.TextClassifier.from_preset(preset, labels=["billing", "shipping"], head="attention")
    with_head.fit(texts, labels, batch_size=8, verbose=0)
    with_head.save_to_preset(f"{preset}_attention")
    restored = modelry.TextClassifier.from_preset(f"{preset}_attention")
    print(type(restored.head).__name__, abs(restored.predict(texts) - with_head.predict(texts)).max() < 1e-6)
"""
    )
    assert [line for line in output if line.startswith("AttentionHead")] == ["AttentionHead True"] * 2


def test_a_scheme_that_only_its_plugin_opens(environment, install):
    vault = environment.cwd / "vault"
    vault.mkdir()
    environment.run(
        """
        import shutil
        from modelry import TextClassifier
        TextClassifier.from_preset("bert_micro_sst2").save_to_preset("reviews")
        shutil.make_archive("vault/reviews", "zip", "reviews")
        """
    )
    assert "Nothing here opens vault:// references" in error_of(environment.modelry("show", "vault://reviews"))
    install("vault-storage")
    assert "Set VAULT_HOME" in error_of(environment.modelry("show", "vault://reviews"))
    there = {"VAULT_HOME": str(vault)}
    assert "no archive" in error_of(environment.modelry("show", "vault://elsewhere", **there))
    classified = environment.modelry("classify", "vault://reviews", "What an amazing movie!", **there)
    assert classified.stdout.startswith("positive"), classified.stderr
    (vault / "reviews.zip").write_bytes(b"PK")
    assert "is damaged" in error_of(environment.modelry("classify", "vault://reviews", "A film.", **there))


def test_a_name_that_two_plugins_have(environment, install):
    install("acme-textcnn", "attention-head")
    environment.run(TRAIN_TEXTCNN)
    install("other-textcnn")
    # What is saved says whose it is; so a newcomer changes nothing.
    assert environment.run(COMPARE) == ["TextCnnTextClassifier True"]
    code = "import modelry; modelry.TextClassifier.from_preset('bert_micro_sst2', num_classes=2, head={!r})"
    failed = environment.start("python", "-c", code.format("attention"))
    assert "attention-head 0.3.0" in failed.stderr
    assert "other-textcnn 3.0.0" in failed.stderr
    assert "'attention-head:attention' or 'other-textcnn:attention'" in failed.stderr
    environment.run(code.format("other-textcnn:attention"))
    rows = json.loads(environment.modelry("doctor", "--json", "--no-import").stdout)
    assert "ambiguous" in json.dumps(rows)


def test_a_broken_plugin_is_named_and_breaks_nothing_else(environment, install):
    install("acme-broken", "acme-textcnn")
    environment.run(TRAIN_TEXTCNN)
    assert environment.run(COMPARE) == ["TextCnnTextClassifier True"]
    listed = environment.modelry("list", "presets")
    assert "bert_micro_sst2" in listed.stdout
    assert "acme-broken 0.0.1" in listed.stderr
    assert "the list of presets is out of reach" in listed.stderr
    for kind, cause in (("backbones", "a_library_that_nobody_has"), ("heads", "BrokenHead")):
        code = f"import modelry; modelry.registry.load({kind!r}, 'broken')"
        failed = environment.start("python", "-c", code)
        assert "BrokenPlugin: acme-broken 0.0.1 registers" in failed.stderr
        assert cause in failed.stderr
    doctor = environment.modelry("doctor", "acme-broken")
    assert doctor.returncode == 1
    assert doctor.stdout.count("broken") >= 2
    assert environment.modelry("doctor", "acme-textcnn").returncode == 0


def test_a_plugin_for_a_later_modelry_says_which_one(environment, install):
    install("acme-future")
    failed = environment.start("python", "-c", "import modelry; modelry.registry.load('heads', 'future')")
    assert "IncompatiblePlugin" in failed.stderr
    assert 'pip install "modelry' in failed.stderr
    assert "9.1" in failed.stderr
    listed = environment.modelry("list", "presets")
    assert "bert_micro_sst2" in listed.stdout
    assert "future_base" not in listed.stdout
    assert "acme-future 5.0.0" in listed.stderr
    assert "needs modelry<10,>=9.1" in listed.stderr
    assert environment.modelry("doctor", "acme-future").returncode == 1


def test_what_is_kept_out_is_not_imported(environment, install):
    install("acme-textcnn", "acme-broken")
    kept_out = {"MODELRY_PLUGINS": "-acme-broken"}
    listed = environment.modelry("list", "presets", **kept_out)
    assert "acme-broken" not in listed.stderr
    assert "blocked" in environment.modelry("doctor", "--no-import", **kept_out).stdout


def test_the_kit_finds_nothing_wrong(environment, install, request):
    # The tutorials run it on the other distributions.
    install("hashed-ngrams")
    shutil.copytree(request.config.rootpath / "tests/third_party/hashed-ngrams/tests", environment.cwd / "tests")
    done = environment.start("pytest", "-v", "tests")
    assert done.returncode == 0, done.stdout + done.stderr
    for suite in ("Backbone", "Head", "Preprocessor", "Classifier", "Tokenizer"):
        assert re.search(rf"Test{suite}::test_it_is_registered PASSED", done.stdout)
