from __future__ import annotations

import pytest

from modelry.errors import InputError
from modelry.tables.resume import ChunkResult, PartialResults

WORK = {"--top-k": 1, "keras": "3.15.1"}
ADDED = {"label": ["a", "é"], "score": [0.1, 1 / 3]}
PARTS = [ChunkResult(str(number), {"text": "text"}, ADDED) for number in range(3)]


@pytest.fixture
def folder(tmp_path):
    """A folder with three parts."""
    with PartialResults(tmp_path / "x.partial") as partial:
        partial.start(WORK)
        for part in PARTS:
            partial.save(part)
    return tmp_path / "x.partial"


def test_parts_are_kept_exactly(folder):
    with PartialResults(folder) as partial:
        partial.start(WORK)
        assert [partial.load(number) for number in range(partial.count)] == PARTS


def test_the_file_is_moved_and_the_folder_removed(folder, tmp_path):
    with PartialResults(folder) as partial:
        partial.start(WORK)
        (folder / "output.tmp").write_text("new")
        (tmp_path / "x").write_text("old")
        partial.finish(folder / "output.tmp", tmp_path / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "new"


def test_a_folder_without_parts_is_removed(tmp_path):
    with PartialResults(tmp_path / "x.partial") as partial:
        partial.start(WORK)
    assert list(tmp_path.iterdir()) == []


def test_other_work_is_refused(folder):
    with PartialResults(folder) as partial, pytest.raises(InputError) as caught:
        partial.start({"--top-k": 3, "keras": "3.15.1", "--pair-column": "b"})
    assert "holds the results of other work: --top-k was 1 and is 3; --pair-column was None and is 'b'." in str(
        caught.value
    )
    assert "with --restart to start over" in str(caught.value)


def test_restart_discards_results(folder):
    with PartialResults(folder) as partial:
        partial.start({"--top-k": 3}, restart=True)
        assert partial.count == 0
        partial.save(PARTS[0])
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "part-000000.json", "work.json"]


def test_other_work_may_start_where_nothing_was_done(tmp_path):
    (tmp_path / "work.json").write_text('{"--top-k": 9}')
    (tmp_path / "part-000001.json").write_text("stale")
    with PartialResults(tmp_path) as partial:
        partial.start(WORK)
        partial.save(PARTS[0])
    with PartialResults(tmp_path) as partial:
        partial.start(WORK)
        assert partial.count == 1


def test_a_file_that_was_being_written_is_not_there(folder):
    (folder / "part-000003.json.tmp").write_text("{")
    with PartialResults(folder) as partial:
        partial.start(WORK)
        assert partial.count == 3


@pytest.mark.parametrize("restart", [False, True])
def test_other_files_are_left_alone(tmp_path, restart):
    (tmp_path / "thesis.txt").write_text("…")
    with (
        PartialResults(tmp_path) as partial,
        pytest.raises(InputError, match="holds files that this command did not write"),
    ):
        partial.start(WORK, restart)
    assert (tmp_path / "thesis.txt").exists()


def test_a_damaged_file_is_named(folder):
    (folder / "work.json").write_text("{")
    with PartialResults(folder) as partial, pytest.raises(InputError, match=r"work.json' cannot be read: .* --restart"):
        partial.start(WORK)


def test_one_process_at_a_time(folder):
    with PartialResults(folder), pytest.raises(InputError, match="Another process is using"), PartialResults(folder):
        pass
    with PartialResults(folder):
        pass


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "x.partial").write_text("a file")
    with pytest.raises(InputError, match=r"^Cannot write .*: File exists"), PartialResults(tmp_path / "x.partial"):
        pass
