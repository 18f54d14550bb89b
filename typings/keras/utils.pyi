from collections.abc import Iterable, Sequence
from typing import Any

class PyDataset:
    workers: int
    use_multiprocessing: bool
    max_queue_size: int
    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None: ...
    def __getitem__(self, index: int) -> Any: ...
    @property
    def num_batches(self) -> int | None: ...  # `None` without end
    def on_epoch_begin(self) -> None: ...
    def on_epoch_end(self) -> None: ...

class Progbar:
    target: int | None
    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None: ...
    def update(
        self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None: ...
    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None: ...

def set_random_seed(seed: int) -> None: ...
