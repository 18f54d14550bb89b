"""Base classes of all contracts, and the messages of failed claims. Imports no Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import pytest

from modelry.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


class Contract:
    """Claims about one component, each of them a test; abstract.

    A subclass whose name begins with `Test` overrides the fixtures and is collected by pytest.

    Attributes:
        kind: The kind of component, as in the group of entry points.
        subject: The fixture that gives the component.
        needs: The fixtures that only the author can write, each with a description. They may stand in the class, in
            the module, or in a conftest.py.
        known_exceptions: Names of tests that are known to fail, each with the reason. They run nevertheless; a test
            that passes is then an error, so that the list never outlives its reasons.
    """

    kind: ClassVar[str]
    subject: ClassVar[str]
    needs: ClassVar[Mapping[str, str]] = {}
    known_exceptions: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        tests = [name for name in dir(cls) if name.startswith("test_")]
        for name, reason in cls.known_exceptions.items():
            if name not in tests:
                raise InputError(
                    f"{cls.__name__}.known_exceptions names {name!r}, which is not one of its tests."
                    f"{did_you_mean(name, tests)} The tests are {', '.join(tests)}."
                )
            if not isinstance(reason, str) or not reason.strip():
                raise InputError(f"{cls.__name__}.known_exceptions gives no reason for {name!r}. Say why it fails.")


def fail(what: str, rule: str, to_do: str) -> NoReturn:
    """Fail the test with a message in three parts, without a traceback through the kit.

    Args:
        what: The problem, with the values found.
        rule: The behaviour that modelry relies on.
        to_do: The remedy.
    """
    __tracebackhide__ = True
    pytest.fail(f"{what}\n  Rule: {rule}\n  To do: {to_do}", pytrace=False)


def expect(condition: Any, what: str, rule: str, to_do: str) -> None:
    """Fail as `fail` does unless the condition holds."""
    __tracebackhide__ = True
    if not condition:
        fail(what, rule, to_do)
