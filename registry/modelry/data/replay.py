"""An iterator as Keras reads it: started more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from modelry.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


class Once(Generic[T]):
    """Batches that can be read only once, but may be looked at before.

    Keras starts a source once to see a batch, and again to train; on a GPU jax reads two batches to see one, and on
    TensorFlow two show which shapes differ. A start continues where the one before stopped, except that while no more
    than two batches were ever read it begins with those again; that is what Keras does with a generator.

    A start after the end is refused, where Keras would train on the first two batches again and again. A look may
    reach the end as well, of one batch or two. So the end of so few counts only after `begin`; before, they are all
    there is, and reading them again is right.
    """

    REMEMBERED = 2

    def __init__(self, iterator: Iterator[T]) -> None:
        self._iterator = iterator
        self._first: list[T] = []
        self._read = 0
        self._begun = False
        self._ended = False

    def begin(self) -> None:
        """Say that the starts from now on are no looks any more."""
        self._begun = True

    def __iter__(self) -> Iterator[T]:
        if self._ended:
            raise InputError(
                "The data is a generator or iterator, which can be read only once, and it has ended. Pass a list, "
                "or an object that can be iterated over again; or let it go on and pass steps_per_epoch "
                "(validation_steps for validation data)."
            )
        if self._read <= self.REMEMBERED:
            yield from self._first
        for item in self._iterator:  # not `yield from`: that would close the iterator together with this generator
            self._read += 1
            if self._read <= self.REMEMBERED:
                self._first.append(item)
            yield item
        self._ended = self._begun or self._read > self.REMEMBERED
