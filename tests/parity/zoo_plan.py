"""The four directions in which every architecture goes: who saves, who loads, and what must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plan import Claim, Plan, Step, same
from zoo import ZOO, Architecture, Case, single_spaced, zoo_cases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DIRECTIONS = ("KerasHub → modelry", "modelry → KerasHub", "transformers → modelry", "modelry → transformers")


def make_zoo_plan(folder: Path, seed: int, only: Sequence[str]) -> Plan:
    """Return the plan for the architectures named `only`, or for all; presets and results lie in `folder`."""
    hub, transformers = Step("keras_hub", "zoo_hub"), Step("transformers", "zoo_transformers")
    ours = Step("modelry", "zoo_ours")
    hub_again, transformers_again = Step("keras_hub", "zoo_hub_again"), Step("transformers", "zoo_transformers_again")
    claims: list[Claim] = []
    for architecture in ZOO:
        if only and architecture.name not in only:
            continue
        for case in zoo_cases(architecture, seed):
            claims += _with_keras_hub(folder, architecture, case, hub, ours, hub_again)
            claims += _with_transformers(folder, architecture, case, transformers, ours, transformers_again)
    return Plan([hub, transformers, ours, hub_again, transformers_again], claims)


def _with_keras_hub(
    folder: Path, architecture: Architecture, case: Case, hub: Step, ours: Step, hub_again: Step
) -> list[Claim]:
    if not architecture.keras_hub:
        return []
    if architecture.tokenizer == "byte_pair":
        case = single_spaced(case)
    if architecture.tokenizer == "amino_acids":
        case = {**case, "firsts": [" ".join(text) for text in case["firsts"]]}  # else each is one unknown word there
    name, preset = case["name"], str(folder / "zoo" / f"hub-{case['name']}")
    theirs = hub.do("zoo_save", name, case=case, preset=preset)
    mine = ours.do("zoo_load", f"hub-{name}", case=case, preset=preset, again=f"{preset}-again")
    back = hub_again.do("zoo_load", name, case=case, preset=f"{preset}-again")
    return [
        *_claims(architecture, case, DIRECTIONS[0], theirs, mine, 1e-4),
        *_claims(architecture, case, DIRECTIONS[1], mine, back, 1e-5),
    ]


def _with_transformers(
    folder: Path, architecture: Architecture, case: Case, transformers: Step, ours: Step, again: Step
) -> list[Claim]:
    if architecture.transformers is None:
        return []
    name, preset = case["name"], str(folder / "zoo" / f"transformers-{case['name']}")
    theirs = transformers.do("zoo_save", name, case=case, preset=preset)
    options = {"overrides": {"sequence_length": case["preprocessor"]["sequence_length"]}, "format": "transformers"}
    mine = ours.do("zoo_load", f"transformers-{name}", case=case, preset=preset, again=f"{preset}-again", **options)
    back = again.do("zoo_load", name, case=case, preset=f"{preset}-again")
    return [
        *_claims(architecture, case, DIRECTIONS[2], theirs, mine, 1e-4),
        *_claims(architecture, case, DIRECTIONS[3], mine, back, 1e-5),
    ]


def _claims(
    architecture: Architecture, case: Case, direction: str, one: str, other: str, tolerance: float
) -> list[Claim]:
    ids = ["token_ids", *(["pair_token_ids"] if case["pairs"] else [])]
    logits = ["logits", *(["pair_logits"] if case["pairs"] else [])]
    cell = (architecture.name, direction, case["name"])
    text = f"{direction}, {case['name']}: "
    return [
        Claim(text + "token ids", (one, other), same(ids), cell=cell),
        Claim(text + "logits", (one, other), same(logits), tolerance, cell=cell),
    ]
