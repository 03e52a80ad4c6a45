"""The forms of the models page."""

import pytest

from app.models.forms import DefaultModelForm, FavouriteForm, KeyForm
from core.models.name import NAME_LENGTH
from tests.app.filling import fill

TOO_LONG = "That is too long for the name of a model."


@pytest.mark.parametrize(
    ("typed", "model", "error"),
    [
        (" openai/gpt-4o ", "openai/gpt-4o", None),
        ("nonsense", None, "Write a model as provider/name."),
        ("gpt-4o", None, "Write a model as provider/name."),
        ("nobody/gpt", None, "Write a model as provider/name."),
        ("custom/" + "x" * NAME_LENGTH, None, TOO_LONG),
        ("openai/" + "x" * 300, None, TOO_LONG),
    ],
)
def test_a_model_has_one_spelling(typed: str, model: str | None, error: str | None) -> None:
    for kind in (DefaultModelForm, FavouriteForm):
        form, errors = fill(kind, model=typed)
        assert [found[0].startswith(error or "") for found in errors.values()] == [True] * bool(
            error
        )
        assert form.model.data == model


def test_a_provider_alone_names_no_model() -> None:
    for kind in (DefaultModelForm, FavouriteForm):
        assert "names no model" in fill(kind, model="openai/")[1]["model"][0]


def test_only_the_default_may_be_none() -> None:
    form, errors = fill(DefaultModelForm, model=" ")
    assert (form.model.data, errors) == (None, {})
    missing = "Enter a model as provider/name."
    assert fill(FavouriteForm, model=" ")[1] == {"model": [missing]}


def test_a_key_is_cleaned_and_never_shown_again() -> None:
    form, errors = fill(KeyForm, key="  sk-a-key-of-bearable-length  ")
    assert (form.key.data, errors) == ("sk-a-key-of-bearable-length", {})
    assert "sk-" not in str(form.key())
    assert fill(KeyForm, key="")[1]["key"] and fill(KeyForm, key="two words")[1]["key"]
