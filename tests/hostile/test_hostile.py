"""Loading a preset from a stranger is as safe as opening a picture: it loads or is refused, and does nothing else.

The cases M01 to M60 follow the advisories and threads that name them, and try on modelry what worked elsewhere.
"""

from __future__ import annotations

import re

import pytest

from . import code, files, places, sizes
from .watch import contents

CASES = {**code.CASES, **files.CASES, **places.CASES, **sizes.CASES}
MOST_MEGABYTES = 300  # that the process may grow by


def test_all_sixty_are_here():
    assert sorted(CASES) == [f"m{number:02}" for number in range(1, 61)]


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_hostile_preset_is_refused_or_does_nothing(loader, lab, name):
    tried = 0
    for attempt in CASES[name](lab):
        before = contents(lab.outside)
        answer = loader.load(lab, attempt)
        shown = f"{name} {attempt.name}: {answer}"
        assert answer["seen"] == [], shown
        assert contents(lab.outside) == before, shown
        assert not lab.pwned.exists(), shown
        assert not answer["safe_mode_changed"], shown
        assert answer["megabytes"] < MOST_MEGABYTES, shown
        if attempt.refused is None:
            assert answer["kinds"] == [], shown
        else:
            assert {attempt.error, "ModelryError"} <= set(answer["kinds"]), shown
            assert re.search(attempt.refused, answer["message"]), shown
        if attempt.never is not None:
            kept = [path for path in (loader.home / "cache").rglob("*") if path.is_file()]
            assert attempt.never not in answer["shown"] + "".join(map(str, kept)), shown
            assert not any(attempt.never.encode() in path.read_bytes() for path in kept), shown
        tried += 1
    assert tried
