"""Names of models in both spellings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidModel
from core.models.name import ECHO, PROVIDERS, ModelName

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("openai:gpt-4o", "openai/gpt-4o"),
        ("  OpenAI/gpt-4o\n", "openai/gpt-4o"),
        ("openai/ gpt-4o", "openai/gpt-4o"),
        ("openrouter/anthropic/claude-sonnet-4.6", "openrouter/anthropic/claude-sonnet-4.6"),
        ("openrouter:meta/llama-3:free", "openrouter/meta/llama-3:free"),
        ("openrouter/meta/llama-3:free", "openrouter/meta/llama-3:free"),
        ("ollama:llama3.2:3b", "ollama/llama3.2:3b"),
        ("ollama/llama3.2:3b", "ollama/llama3.2:3b"),
        ("gemini/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("demo/echo", "demo/echo"),
    ],
)
def test_both_spellings(text: str, spelled: str) -> None:
    model = ModelName.parse(text)
    assert str(model) == spelled
    assert ModelName.parse(str(model)) == model


@pytest.mark.parametrize("text", ["", "gpt-4o", "/gpt-4o", ":x", "nobody/gpt", "open ai/gpt", "/"])
def test_without_a_provider_all_of_them_are_listed(text: str) -> None:
    with pytest.raises(InvalidModel, match="provider/name. Providers: openrouter, anthropic"):
        ModelName.parse(text)


@pytest.mark.parametrize(
    "text", ["openai/", "openai: ", "openai/gpt 4", "openai/a\nb", "openai/\0"]
)
def test_a_provider_without_a_usable_name(text: str) -> None:
    with pytest.raises(InvalidModel, match="names no model: write openai/name"):
        ModelName.parse(text)


@given(st.sampled_from(PROVIDERS), st.sampled_from("/:"), NAMES)
def test_any_name_is_kept_as_it_is(provider: str, cut: str, name: str) -> None:
    assert ModelName.parse(f"{provider}{cut}{name}") == ModelName(provider, name)


@given(st.text(max_size=40))
def test_any_text_is_a_model_or_refused(text: str) -> None:
    try:
        model = ModelName.parse(text)
    except InvalidModel:
        return
    assert ModelName.parse(str(model)) == model


def test_the_demo_has_a_name_of_its_own() -> None:
    assert str(ECHO) == "demo/echo"
