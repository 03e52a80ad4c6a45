"""A dictionary that forgets its oldest entries, for what runs for days."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """Keeps the last `size` new keys."""

    def __init__(self, size: int):
        super().__init__()
        self._size = size

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > self._size:
            del self[next(iter(self))]
