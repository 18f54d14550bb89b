"""Whatever goes wrong on the way, what is loaded is right, or a clean error says what failed."""

import pytest

from modelry.errors import StorageError
from modelry.storage import retries
from modelry.storage.kaggle import client
from modelry.storage.open import open_preset

from ..stand_ins.faults import PASSING, Kind
from .conftest import MODEL

WEIGHTS = "model.weights.h5"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(client, "WAIT", 0.5)


@pytest.mark.parametrize("kind", PASSING)
@pytest.mark.parametrize("times", [1, 2])
def test_a_file_comes_right_in_the_end(kaggle, tiny, kind, times):
    kaggle.fail(kind, f"/files/.*{WEIGHTS}", times)
    assert open_preset(f"kaggle://{MODEL}").path(WEIGHTS).read_bytes() == (tiny / WEIGHTS).read_bytes()


@pytest.mark.parametrize("procedure", ["GetModelInstance", "ListModelInstanceVersionFiles", "DownloadModelInstance"])
@pytest.mark.parametrize("kind", [Kind.UNAVAILABLE, Kind.TOO_MANY, Kind.RESET, Kind.RESET_MIDWAY])
def test_a_call_comes_right_in_the_end(kaggle, tiny, kind, procedure):
    kaggle.fail(kind, procedure)
    assert open_preset(f"kaggle://{MODEL}").path("config.json").read_bytes() == (tiny / "config.json").read_bytes()
    assert kaggle.faults[0].times == 0


@pytest.mark.parametrize("procedure", ["GetModelInstance", "ListModelInstanceVersionFiles"])
def test_a_call_that_hangs_is_made_again(kaggle, tiny, procedure):
    kaggle.fail(Kind.HANG, procedure)
    assert "config.json" in open_preset(f"kaggle://{MODEL}")


def test_waiting_has_an_end(kaggle, tiny, monkeypatch):
    monkeypatch.setattr(retries, "PATIENCE_WITHOUT_REPLY", 0)
    monkeypatch.setattr(client, "WAIT", 0.1)
    kaggle.fail(Kind.HANG, "GetModelInstance", times=1000)
    with pytest.raises(StorageError, match=r"Kaggle has not answered for 0.1 seconds\. Kaggle is busy"):
        open_preset(f"kaggle://{MODEL}")


def test_what_does_not_pass_is_a_clean_error(kaggle, tiny):
    fault = kaggle.fail(Kind.UNAVAILABLE, "/files/", times=1000)
    with pytest.raises(StorageError, match=rf"{WEIGHTS} of .* could not be fetched: .*503.* Kaggle is busy"):
        open_preset(f"kaggle://{MODEL}").path(WEIGHTS)
    fault.times = 0
    assert open_preset(f"kaggle://{MODEL}").path(WEIGHTS).read_bytes() == (tiny / WEIGHTS).read_bytes()
