from typing import Any

from keras import Operation

class Node:
    def __init__(
        self,
        operation: Operation,
        call_args: tuple[Any, ...] | None = None,
        call_kwargs: dict[str, Any] | None = None,
        outputs: Any = None,
    ) -> None: ...
