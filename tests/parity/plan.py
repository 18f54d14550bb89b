"""What is compared: which side does what, in which order, and what must then agree."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import attrs
from cases import Case, cases
from texts import texts, vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SIDES = {
    "keras_hub": ("keras_side.py", "keras_hub"),
    "modelry": ("keras_side.py", "modelry"),
    "transformers": ("transformers_side.py",),
}
INPUTS = [f"{prefix}{name}" for prefix in ("", "pair_") for name in ("token_ids", "segment_ids", "padding_mask")]
LOGITS = ["logits", "pair_logits"]
HOWS = ("whole", "sharded", "bfloat16", "trained", "preprocessor", "parts")
# Of the random texts, as many may differ: modelry asks Python what a character is, KerasHub a package that may know a
# newer Unicode, where a few more characters are punctuation or combining marks.
NEWER_UNICODE = 4 / 10_000
IDIOMS: dict[str, tuple[str, ...]] = {
    "quick_start": ("sums", "epochs", "keys"),
    "saved_head": ("scores", "evaluated"),
    "recompiled": ("trainable", "backbone_unchanged", "keys"),
    "preprocess_first": ("ids", "labels", "single", "dtype", "scores"),
    "functional": ("scores", "sequence", "first", "inputs"),
    "from_scratch": ("ids", "text", "texts", "vocabulary", "tokens", "special", "more", "classes", "length"),
    "presets": ("names",),
    "random_weights": ("parameters", "more", "dropout"),
    "saved_again": ("same", "classes"),
    "parts_one_by_one": ("vocabulary", "ids", "length"),
    "adapters": ("names", "same", "moved"),
    "weights_of_the_head": ("scores", "has"),
}

Job = dict[str, Any]

CLASSIFIER, ENCODER = "BertForSequenceClassification", "BertModel"
VARIANTS: dict[str, Job] = {
    "classifier": {"model": CLASSIFIER},
    "encoder": {"model": ENCODER},
    "classifier, vocab.txt": {"model": CLASSIFIER, "files": "vocab.txt and settings"},
    "classifier, sharded": {"model": CLASSIFIER, "max_shard_size": "12KB"},
    "classifier, bfloat16": {"model": CLASSIFIER, "dtype": "bfloat16"},
    "classifier, gelu_new": {"model": CLASSIFIER, "config": {"hidden_act": "gelu_new", "layer_norm_eps": 1e-6}},
    "classifier, relu": {"model": CLASSIFIER, "config": {"hidden_act": "relu", "layer_norm_eps": 1e-3}},
    "classifier, silu": {"model": CLASSIFIER, "config": {"hidden_act": "silu"}},
    "classifier, tanh": {"model": CLASSIFIER, "config": {"hidden_act": "tanh"}},
    "classifier, default labels": {"model": CLASSIFIER, "labels": False},
    "classifier, added tokens": {"model": CLASSIFIER, "added": ["<url>", "[USER 1]"]},
    "classifier, accents": {"model": CLASSIFIER, "tokenizer": {"strip_accents": True, "tokenize_chinese_chars": False}},
    "classifier, no accents": {"model": CLASSIFIER, "tokenizer": {"do_lower_case": True, "strip_accents": False}},
    "encoder, vocab.txt alone": {"model": ENCODER, "files": "vocab.txt", "tokenizer": {"do_lower_case": True}},
    "encoder, sharded": {"model": ENCODER, "max_shard_size": "12KB"},
    "masked LM": {"model": "BertForMaskedLM"},
}


@attrs.frozen
class Step:
    """Jobs that one side does in one process.

    Attributes:
        side: The side.
        out: The folder for the results.
        jobs: The jobs.
    """

    side: str
    out: str
    jobs: list[Job] = attrs.field(factory=list)

    def do(self, what: str, name: str, **job: Any) -> str:
        """Add a job and return how claims call it."""
        self.jobs.append({"do": what, "id": name, **job})
        return f"{self.out}/{name}"


@attrs.frozen
class Claim:
    """Two jobs agree; or the last of `jobs` was refused with an error that holds certain words.

    Attributes:
        text: What is claimed.
        jobs: The jobs.
        arrays: The name of an array of the first job → that of the second.
        tolerance: The greatest difference between floats, or the number of integers that may differ.
        refused: Words of the error.
        cell: Where it stands in the table of architectures: architecture, direction, configuration.
    """

    text: str
    jobs: tuple[str, ...]
    arrays: Mapping[str, str] = attrs.field(factory=dict)
    tolerance: float = 0.0
    refused: tuple[str, ...] = ()
    cell: tuple[str, str, str] | None = None


@attrs.frozen
class Plan:
    """The steps in order, and the claims about their results."""

    steps: list[Step]
    claims: list[Claim]


def make_plan(folder: Path, seed: int, count: int, fuzz: int) -> Plan:
    """Return the plan for `count` random cases; presets and results lie in `folder`."""
    hub, transformers = Step("keras_hub", "hub"), Step("transformers", "transformers")
    ours, hub_again = Step("modelry", "ours"), Step("keras_hub", "hub_again")
    claims: list[Claim] = []
    for number, case in enumerate(cases(seed, count)):
        claims += keras_hub_to_modelry(folder, case, hub, ours)
        claims += modelry_to_keras_hub(folder, case, ours, hub_again)
        # The variants take turns: each of them on one case, the two plain ones on all.
        variants = {
            what: one for place, (what, one) in enumerate(VARIANTS.items()) if place < 2 or place % count == number
        }
        claims += transformers_to_modelry(folder, case, variants, transformers, ours)
    claims += tokenizers(seed, fuzz, hub, transformers, ours)
    claims += idioms(folder, cases(seed, 1)[0], hub, ours)
    return Plan([hub, transformers, ours, hub_again], claims)


def keras_hub_to_modelry(folder: Path, case: Case, hub: Step, ours: Step) -> list[Claim]:
    """KerasHub saves, modelry loads."""
    claims = []
    for how in HOWS:
        name, preset = f"{how}-{case['name']}", str(folder / "from_hub" / f"{how}-{case['name']}")
        weights = {"weights": f"{preset}.weights.h5"} if how == "whole" else {}
        saved = hub.do("save", f"save-{name}", case=case, how=how, preset=preset, **weights)
        text = f"KerasHub → modelry, {how}, {case['name']}: "
        theirs, mine = (side.do("parts", f"parts-{name}", case=case, preset=preset) for side in (hub, ours))
        claims += both(text + "parts alone, ", theirs, mine, prefixes=("own_", "base_"))
        if how in ("preprocessor", "parts"):
            continue
        # bfloat16 weights are compared as both load them by default, in float32.
        theirs = hub.do("score", name, case=case, preset=preset) if how == "bfloat16" else saved
        mine = ours.do("score", name, case=case, preset=preset)
        claims.append(Claim(text + "inputs", (theirs, mine), same(INPUTS)))
        claims.append(Claim(text + "logits", (theirs, mine), same(LOGITS), 1e-4))
        claims.append(Claim(text + "logits of texts", (theirs, mine), text_logits(), 1e-4))
        if weights:
            mine = ours.do("score", f"weights-{name}", case=case, preset=preset, **weights)
            claims.append(Claim(text + "load_weights", (saved, mine), same(LOGITS), 1e-4))
    return claims


def modelry_to_keras_hub(folder: Path, case: Case, ours: Step, hub: Step) -> list[Claim]:
    """modelry saves, KerasHub loads; or refuses what it could not compute."""
    claims = []
    for how in HOWS[:4]:
        name, preset = f"{how}-{case['name']}", str(folder / "from_modelry" / f"{how}-{case['name']}")
        weights = {"weights": f"{preset}.weights.h5"} if how == "whole" else {}
        saved = ours.do("save", f"save-{name}", case=case, how=how, preset=preset, **weights)
        text = f"modelry → KerasHub, {how}, {case['name']}: "
        parts = [side.do("parts", f"back-{name}", case=case, preset=preset) for side in (ours, hub)]
        claims += both(text + "parts alone, ", *parts, prefixes=("own_", "base_"), tolerance=1e-5)
        mine = ours.do("score", f"own-{name}", case=case, preset=preset) if how == "bfloat16" else saved
        theirs = hub.do("score", name, case=case, preset=preset)
        claims.append(Claim(text + "inputs", (mine, theirs), same(INPUTS)))
        claims.append(Claim(text + "logits", (mine, theirs), same(LOGITS), 1e-5))
        if weights:
            theirs = hub.do("score", f"weights-{name}", case=case, preset=preset, **weights)
            claims.append(Claim(text + "load_weights", (mine, theirs), same(LOGITS), 1e-5))
    refused = {
        "exact gelu": {"sizes": {"activation": "gelu"}},
        "epsilon": {"sizes": {"layer_norm_epsilon": 1e-5}},
        "longest_first": {"packing": {"truncate": "longest_first"}},
        "clean_text": {"text": {"clean_text": True}},
    }
    for what, options in refused.items():
        name = f"{what.replace(' ', '-')}-{case['name']}"
        preset = str(folder / "from_modelry" / name)
        saved = ours.do("save", f"save-{name}", case=case, how="whole", preset=preset, options=options)
        mine = ours.do("score", f"own-{name}", case=case, preset=preset)
        claims.append(Claim(f"modelry → modelry, {what}, {case['name']}: logits", (saved, mine), same(LOGITS), 1e-6))
        theirs = hub.do("score", name, case=case, preset=preset)
        claims.append(Claim(f"KerasHub refuses {what}, {case['name']}", (saved, theirs), refused=("modelry",)))
    return claims


def transformers_to_modelry(
    folder: Path, case: Case, variants: Mapping[str, Job], transformers: Step, ours: Step
) -> list[Claim]:
    """transformers saves, modelry loads."""
    claims = []
    for number, (what, variant) in enumerate(variants.items()):
        name, preset = f"tf{number}-{case['name']}", str(folder / "from_transformers" / f"{number}-{case['name']}")
        added = variant.get("added", [])
        firsts = [f"{one}{token}x{token}" for one, token in zip(case["firsts"], itertools.cycle([*added, ""]))]
        run = {**case, "firsts": firsts} if added else case
        theirs = transformers.do("save", name, **{"files": "tokenizer.json", **variant, "case": run, "preset": preset})
        text = f"transformers → modelry, {what}, {case['name']}: "
        if variant["model"] == CLASSIFIER:
            length = {"sequence_length": case["preprocessor"]["sequence_length"]}
            mine = ours.do("score", name, case=run, preset=preset, overrides=length)
            claims.append(Claim(text + "inputs", (theirs, mine), same(INPUTS)))
            claims.append(Claim(text + "logits", (theirs, mine), same(LOGITS), 1e-4))
            claims.append(Claim(text + "logits of texts", (theirs, mine), text_logits(), 1e-4))
            claims.append(Claim(text + "labels", (theirs, mine), same(["labels"])))
        else:
            mine = ours.do("parts", name, case=run, preset=preset)
            claims.append(Claim(text + "inputs", (theirs, mine), {one: f"own_{one}" for one in INPUTS}))
            outputs = ["pair_sequence_output", *(["pair_pooler_output"] if variant["model"] == ENCODER else [])]
            claims.append(Claim(text + "states", (theirs, mine), {one: f"own_{one}" for one in outputs}, 1e-4))
    return claims


def tokenizers(seed: int, count: int, hub: Step, transformers: Step, ours: Step) -> list[Claim]:
    """The same ids and the same texts for every combination of options."""
    samples = texts(seed, count)
    job = {"vocabulary": vocabulary(seed, samples, 6000), "texts": samples}
    claims = []
    flags_of_keras_hub = ("lowercase", "strip_accents", "split_on_cjk", "special_tokens_in_strings", "split")
    for values in itertools.product((False, True), repeat=5):
        options = dict(zip(flags_of_keras_hub, values, strict=True))
        if not options["split"] and (options["split_on_cjk"] or options["special_tokens_in_strings"]):
            continue  # without effect
        name = "".join("01"[flag] for flag in values)
        jobs = tuple(side.do("tokenize", name, **job, options=options) for side in (hub, ours))
        flags = ", ".join(key for key, flag in options.items() if flag) or "no options"
        text = f"tokenizer like KerasHub's, {flags}: "
        claims.append(Claim(text + "lengths", jobs, same(["ids_lengths"]), NEWER_UNICODE * count))
        claims.append(Claim(text + "texts again", jobs, same(["texts"]), NEWER_UNICODE * count))
    for lower, accents, cjk in itertools.product((False, True), (None, False, True), (False, True)):
        stripped = lower if accents is None else accents
        options = {"lowercase": lower, "strip_accents": stripped, "split_on_cjk": cjk, "clean_text": True}
        options |= {"special_tokens_in_strings": True, "special_tokens": ["[UNK]"]}
        theirs = {"do_lower_case": lower, "strip_accents": accents, "tokenize_chinese_chars": cjk}
        name = f"clean-{lower}-{accents}-{cjk}"
        jobs = tuple(
            side.do("tokenize", name, **job, options=options, transformers=theirs) for side in (transformers, ours)
        )
        flags = ", ".join(f"{key}={value}" for key, value in theirs.items())
        claims.append(Claim(f"tokenizer like transformers', {flags}", jobs, same(["ids", "ids_lengths"])))
    return claims


def idioms(folder: Path, case: Case, hub: Step, ours: Step) -> list[Claim]:
    """The same code, with only the import changed, gives the same results."""
    claims = []
    preset = str(folder / "from_hub" / f"whole-{case['name']}")
    for name, arrays in IDIOMS.items():
        jobs = tuple(side.do("idiom", f"idiom-{name}", idiom=name, preset=preset) for side in (hub, ours))
        claims.append(Claim(f"idiom {name}", jobs, same(list(arrays)), 1e-4))
    return claims


def same(names: list[str]) -> dict[str, str]:
    """Return arrays of the same names on both sides."""
    return {name: name for name in names}


def text_logits() -> dict[str, str]:
    """Return logits from packed inputs on their side, from texts, batched by length, on ours."""
    return {"logits": "text_logits", "pair_logits": "pair_text_logits"}


def both(text: str, *jobs: str, prefixes: tuple[str, ...], tolerance: float = 1e-4) -> list[Claim]:
    """Return the claims about parts that were loaded alone."""
    states = [f"{prefix}pair_{name}" for prefix in prefixes for name in ("sequence_output", "pooler_output")]
    inputs = [f"{prefix}{name}" for prefix in prefixes for name in (*INPUTS, "ids", "ids_lengths")]
    return [Claim(text + "inputs", jobs, same(inputs)), Claim(text + "states", jobs, same(states), tolerance)]
