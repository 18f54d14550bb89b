"""What a test of a contract says about its component, in plain data that survives the way from an xdist worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelry.discovery.registry import registry
from modelry.testing.installed import owner_of

if TYPE_CHECKING:
    import pytest


def facts_of(item: pytest.Item) -> dict[str, Any]:
    """Return the contract, the claim and the component of a test that belongs to a contract."""
    contract: Any = item.cls  # type: ignore[attr-defined]
    test: Any = item.function  # type: ignore[attr-defined]
    arguments: dict[str, Any] = getattr(item, "funcargs", {})
    component = arguments.get("component", arguments.get(contract.subject))
    facts = {
        "suite": item.nodeid.rpartition("::")[0],
        "kind": contract.kind,
        "name": item.name,
        "claim": (test.__doc__ or item.name).strip().partition("\n")[0],
    }
    return facts if component is None else {**facts, "component": _component(component)}


def _component(component: Any) -> dict[str, Any]:
    cls = type(component)
    if cls is str or cls.__module__ in ("pathlib", "pathlib._local"):  # of a checkpoint: no converter was found
        return {"class": str(component)}
    owner = owner_of(cls)
    entry = owner or registry.owner(cls)
    return {
        "class": f"{cls.__module__}.{cls.__qualname__}",
        "name": None if entry is None else entry.name,
        "distribution": None if owner is None else owner.distribution,
        "version": None if owner is None else owner.version,
    }
