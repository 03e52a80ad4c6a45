"""The forms of the models page. A valid form holds a model's one spelling, or a key."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, ValidationError

from app.web.forms import ParsedField
from core.errors import InvalidKey, InvalidModel
from core.models.credentials import clean_key
from core.models.name import NAME_LENGTH, TOO_LONG, ModelName


def spell_model(text: str) -> str:
    """`provider/name`, however it was typed. Raises `InvalidModel`."""
    name = str(ModelName.parse(text))
    if len(name) > NAME_LENGTH:
        raise InvalidModel(TOO_LONG)
    return name


class OptionalModelField(ParsedField):
    """None when nothing was typed."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, spell_model, "", **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if any(value.strip() for value in valuelist):
            super().process_formdata(valuelist)


class DefaultModelForm(FlaskForm):
    model = OptionalModelField("Default model", id="default-model")


class FavouriteForm(FlaskForm):
    model = ParsedField(
        "Model", spell_model, "Enter a model as provider/name.", id="favourite-model"
    )


class KeyForm(FlaskForm):
    """The field is never filled in on a page: a key is written, not read."""

    key = PasswordField("Key")

    def validate_key(self, field: Field) -> None:
        try:
            field.data = clean_key(field.data or "")
        except InvalidKey as error:
            raise ValidationError(str(error)) from None
