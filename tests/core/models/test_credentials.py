"""Which models could be asked, and what a key may look like."""

import pytest

from core.errors import InvalidKey, InvalidModel
from core.models.credentials import KEYED, Access, clean_key
from core.models.name import ECHO, ModelName

NOTHING = Access()


@pytest.mark.parametrize("provider", KEYED)
def test_a_provider_needs_its_key(provider: str) -> None:
    name = ModelName(provider, "vendor/x")
    with pytest.raises(InvalidModel, match=f"^There is no key for {provider} yet.$"):
        NOTHING.check(name)
    Access({provider: "a key"}).check(name)


def test_a_key_that_cant_be_read_wants_to_be_entered_again() -> None:
    access = Access(unreadable=frozenset({"openai"}))
    with pytest.raises(InvalidModel, match="openai can't be read any more: enter it again"):
        access.check(ModelName("openai", "gpt-4o"))


def test_custom_models_need_an_address_and_no_key() -> None:
    with pytest.raises(InvalidModel, match="no server for custom models"):
        Access({"custom": "a key"}).check(ModelName("custom", "x"))
    Access(addresses={"custom": "http://127.0.0.1"}).check(ModelName("custom", "x"))


def test_the_demo_can_always_be_asked_and_there_is_only_one() -> None:
    NOTHING.check(ECHO)
    with pytest.raises(InvalidModel, match="the demo is called demo/echo"):
        NOTHING.check(ModelName("demo", "x"))


def test_an_openrouter_model_has_a_vendor() -> None:
    with pytest.raises(InvalidModel, match="^Write it as openrouter/vendor/name.$"):
        Access({"openrouter": "a key"}).check(ModelName("openrouter", "gpt-4o"))


def test_no_key_is_printed() -> None:
    assert "sk-secret" not in repr(Access({"openai": "sk-secret"}))


@pytest.mark.parametrize("text", ["sk-abc_123", "  sk-abc_123\n", "x"])
def test_a_key_is_taken_without_the_space_around_it(text: str) -> None:
    assert clean_key(text) == text.strip()


@pytest.mark.parametrize(
    "text", ["", "  ", "two words", "sk-“quoted”", "a\nb", "a\x07b", "x" * 2000]
)
def test_what_cant_be_a_key(text: str) -> None:
    with pytest.raises(InvalidKey) as caught:
        clean_key(text)
    assert text.strip() not in str(caught.value) or not text.strip()
