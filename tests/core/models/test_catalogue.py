"""The list of models: whole, in our spelling, with prices that could be true."""

import pytest

from bench.catalogue import rows
from core.models.catalogue import TRIAL, load_catalogue, search
from core.models.credentials import KEYED
from core.models.name import ModelName


def test_every_entry_can_be_used_as_it_stands() -> None:
    assert len(load_catalogue()) > 100
    for name, model in load_catalogue().items():
        assert str(ModelName.parse(name)) == name == model.name
        assert 0 <= model.read_usd <= 200 and 0 <= model.written_usd <= 1000
        assert model.window is None or 1000 < model.window < 20_000_000


def test_every_provider_with_a_key_is_there_and_can_be_tried() -> None:
    providers = {name.split("/")[0] for name in load_catalogue()}
    assert providers == set(KEYED) == set(TRIAL)
    for provider, name in TRIAL.items():
        assert name in load_catalogue() and name.startswith(f"{provider}/")


def test_it_is_made_of_what_the_library_knows() -> None:
    assert [name for name, *_ in rows()] == list(load_catalogue())


@pytest.mark.parametrize("text", ["SONNET 4", "4 sonnet", "claude-sonnet-4"])
def test_searching(text: str) -> None:
    names = [model.name for model in search(text)]
    assert "anthropic/claude-sonnet-4-6" in names
    assert "openrouter/anthropic/claude-sonnet-4.6" in names


def test_nothing_found_is_nothing() -> None:
    assert not search("no such model") and len(search("")) == len(load_catalogue())
