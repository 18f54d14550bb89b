"""The model card of a published preset without a README.md: Markdown, with facts for hubs in front of it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from modelry.discovery.pip import pip_install
from modelry.errors import InputError
from modelry.presets.task_spec import known_spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelry.presets.recipe import Recipe
    from modelry.presets.task_spec import TaskSpec

CARD = "README.md"


def _check_metrics(_: object, __: object, metrics: Any) -> None:
    if not isinstance(metrics, Mapping):
        raise InputError(f"metrics must be a dict from names to numbers, not {metrics!r}.")
    for name, value in metrics.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not isinstance(name, str) or not name.strip() or not number:
            raise InputError(f"metrics must have a finite number for each name, not {value!r} for {name!r}.")


@attrs.frozen
class CardFacts:
    """Facts that only the publisher knows.

    Attributes:
        metrics: Name → value of what was measured, such as `{"accuracy": 0.91}`.
        licence: The licence's SPDX identifier, such as `"Apache-2.0"`; `None` to say nothing.
    """

    metrics: Mapping[str, float] = attrs.field(factory=dict, validator=_check_metrics)
    licence: str | None = None

    def __attrs_post_init__(self) -> None:
        if self.licence is not None and (not isinstance(self.licence, str) or not self.licence.strip()):
            raise InputError(f"licence must be a name such as 'Apache-2.0', not {self.licence!r}.")

    @property
    def are_given(self) -> bool:
        """True if the publisher has given any fact."""
        return bool(self.metrics) or self.licence is not None


def card(recipe: Recipe, reference: str, facts: CardFacts) -> str:
    """Return the card of a preset.

    Args:
        recipe: The preset.
        reference: What opens it once it is published; without secrets.
        facts: Facts that only the publisher knows.
    """
    return "\n".join((*_front_matter(recipe, facts), "", *_body(recipe, reference, facts)))


def _front_matter(recipe: Recipe, facts: CardFacts) -> Iterator[str]:
    # JSON's strings and lists are YAML's too, and need no thought about quotes.
    values: dict[str, Any] = {"library_name": "modelry", "tags": ["modelry", "keras"]}
    spec = _spec(recipe)
    if spec is not None and spec.pipeline_tag is not None:
        values["pipeline_tag"] = spec.pipeline_tag
    if facts.licence is not None:
        values["license"] = facts.licence.lower()  # as hubs write it
    if facts.metrics:
        values["metrics"] = list(facts.metrics)
    yield "---"
    for name, value in values.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
    yield "---"


def _body(recipe: Recipe, reference: str, facts: CardFacts) -> Iterator[str]:
    name = reference.split("?")[0].rstrip("/").rpartition("/")[2].partition("@")[0]
    yield f"# {name}"
    yield ""
    spec = _spec(recipe)
    what = "backbone" if recipe.task is None else recipe.task.short_name.replace("_", " ")
    yield f"A {what} for [Keras](https://keras.io), with the backbone `{recipe.backbone.name}`."
    yield ""
    yield from _usage(recipe, reference)
    if spec is not None and recipe.task is not None:
        yield from spec.card(recipe.task)
    if facts.metrics:
        yield from ("## Metrics", "", "| Metric | Value |", "|---|---|")
        yield from (f"| {metric} | {value:.6g} |" for metric, value in facts.metrics.items())
        yield ""


def _usage(recipe: Recipe, reference: str) -> Iterator[str]:
    packages = recipe.requires or ("modelry",)
    yield from ("## Usage", "", "```sh", pip_install(*packages), "```", "")
    spec = _spec(recipe)
    yield "```python"
    if spec is not None:
        yield from spec.usage(reference)
    else:
        yield from ("from modelry import Backbone", "", f"backbone = Backbone.from_preset({reference!r})")
    yield from ("```", "")


def _spec(recipe: Recipe) -> TaskSpec | None:
    return None if recipe.task is None else known_spec(recipe.task.name)
