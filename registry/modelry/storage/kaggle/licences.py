"""The licences that Kaggle knows, which it calls by names of its own."""

from __future__ import annotations

from typing import Final

_NAMES: Final = {
    "AGPL-3.0": "GNU Affero General Public License 3.0",
    "Apache-2.0": "Apache 2.0",
    "BSD-3-Clause": "BSD-3-Clause",
    "CC-BY-4.0": "Attribution 4.0 International (CC BY 4.0)",
    "CC-BY-NC-4.0": "Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)",
    "CC-BY-NC-ND-4.0": "Attribution-NonCommercial-NoDerivatives 4.0 International (CC BY-NC-ND 4.0)",
    "CC-BY-NC-SA-4.0": "CC BY-NC-SA 4.0",
    "CC-BY-ND-4.0": "Attribution-NoDerivatives 4.0 International (CC BY-ND 4.0)",
    "CC-BY-SA-4.0": "CC BY-SA 4.0",
    "CC0-1.0": "CC0: Public Domain",
    "GPL-2.0": "GPL 2",
    "GPL-3.0": "GPL 3",
    "LGPL-3.0": "GNU Lesser General Public License 3.0",
    "MIT": "MIT",
    "ODC-By-1.0": "ODC Attribution License (ODC-By)",
    "PDDL-1.0": "ODC Public Domain Dedication and Licence (PDDL)",
}
_BY_ID: Final = {one.lower(): name for one, name in _NAMES.items()}


def kaggles_name(licence: str) -> str:
    """Return what Kaggle calls a licence that is given by its SPDX identifier; any other text as it is."""
    plain = licence.lower().removesuffix("-only").removesuffix("-or-later")
    return _BY_ID.get(plain, licence)
