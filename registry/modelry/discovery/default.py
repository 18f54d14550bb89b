"""The one registry of the process."""

from __future__ import annotations

from modelry.discovery.registry import Registry

registry = Registry()
"""Every part of modelry asks this one; it is `modelry.registry`."""

register = registry.register
isolated = registry.isolated
