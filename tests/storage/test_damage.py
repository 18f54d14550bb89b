from __future__ import annotations

import shutil

from .damage import Ordeal


def test_damage_at_random_is_found_in_folders_and_in_the_cache(web, preset, tmp_path, cache):
    shutil.copytree(preset, tmp_path / "served")
    ordeal = Ordeal(preset, f"{web.url}/served", cache, seed=3)
    ordeal.run(40)
    assert ordeal.missed == []
    assert ordeal.found.total() == 40
    ways = {what.partition(":")[0] for what in ordeal.found}
    assert ways == {"verified folder", "locked folder", "loaded from cache", "verified cache"}
