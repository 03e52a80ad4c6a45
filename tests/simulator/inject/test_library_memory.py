"""The root key inside the library."""

import pytest

from simulator.inject.library_memory import REAL_ROOT_KEY, replace_root_key


def test_a_library_without_the_key_is_refused() -> None:
    with pytest.raises(LookupError, match="0 times"):
        replace_root_key("libc.so.6", bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        replace_root_key("libc.so.6", b"short")
    assert len(REAL_ROOT_KEY) == 32
