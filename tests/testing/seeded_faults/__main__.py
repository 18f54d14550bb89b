"""`python -m seeded_faults`, from `tests/testing`: seed each fault, and print which claims catch it and how."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import ALL, SOUND
from .catch import caught, claims_of


def main() -> int:
    parser = argparse.ArgumentParser(description="Seed faults into copies of the TextCNN plugin.")
    parser.add_argument(
        "--only", metavar="WORDS", help="only faults whose names contain WORDS; without it, copies without a fault too"
    )
    only = parser.parse_args().only
    wrong = 0
    for name, edits in SOUND.items() if only is None else ():
        with tempfile.TemporaryDirectory() as folder:
            claims = claims_of(edits, Path(folder))
        failed = {name: claim["detail"] for name, claim in claims.items() if claim["status"] == "failed"}
        wrong += bool(failed)
        _tell(f"{name}: {len(claims)} claims, {len(failed)} of them failed", "\n".join(map(str, failed.items())))
    faults = [fault for fault in ALL if only is None or only in fault.name]
    missed = 0
    for fault in faults:
        with tempfile.TemporaryDirectory() as folder:
            complete, message = caught(fault, Path(folder))
        missed += not complete
        how = "caught by" if complete else f"ESCAPES, without {fault.words!r} from"
        where = ", ".join(f"Test{fault.suite}.{claim}" for claim in fault.claims) or "importing the tests"
        _tell(f"{fault.name}: {how} {where}", message)
    sys.stdout.write(f"{len(faults) - missed} of {len(faults)} faults are caught, each with a message that names it.\n")
    return int(wrong + missed > 0 or not faults)


def _tell(title: str, message: str) -> None:
    sys.stdout.write(f"{title}\n{message}".rstrip().replace("\n", "\n    ") + "\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
