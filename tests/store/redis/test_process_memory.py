"""How much memory this process holds."""

from pathlib import Path

import pytest

from store.redis import process_memory

MB = 1024 * 1024


def test_it_is_told_in_bytes() -> None:
    assert 5 * MB < process_memory.measure_resident() < 100_000 * MB


def test_without_proc_the_most_it_has_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_memory, "_STATM", Path("/nowhere/statm"))
    assert 5 * MB < process_memory.measure_resident() < 100_000 * MB
