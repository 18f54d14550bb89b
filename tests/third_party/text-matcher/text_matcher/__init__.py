"""A two-tower matcher of queries and answers, for modelry."""

from modelry.plugin import lazy_exports

__getattr__, __dir__ = lazy_exports(__name__)
