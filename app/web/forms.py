"""Fields that several forms of the panel have. A valid form's fields hold clean values: a `Phone`,
an agent's id."""

from collections.abc import Callable, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectField, StringField, ValidationError
from wtforms.validators import EqualTo, InputRequired, Length

from core.errors import DjinnError
from core.text.translation import Sentence
from store.agents.agents import Registry

ENTER_PATTERN = "Enter a number such as +15551234567, a prefix such as +1555*, or *."
PASSWORD_MIN = 10

# For a field in which a password is chosen; `match_field` is for the one beside it.
NEW_PASSWORD = [
    InputRequired("Choose a password."),
    Length(min=PASSWORD_MIN, message=f"Use at least {PASSWORD_MIN} characters."),
    Length(max=1000, message="At most 1000 characters."),
]


def match_field(name: str) -> Sequence[Callable[[Any, Any], None]]:
    """Validators of a field that must have the same in it as the field with this name."""
    return [
        InputRequired("Repeat the password."),
        EqualTo(name, "The two passwords are different."),
    ]


def strip_text(text: str | None) -> str | None:
    """What was typed without the space around it; nothing is None."""
    return (text and text.strip()) or None


class ParsedField(StringField):
    """Text that a function of the core turns into a value or refuses with a sentence. What was
    typed stays in the field."""

    data: Any

    def __init__(
        self,
        label: str | Sentence,
        parse: Callable[[str], Any],
        missing: str | Sentence,
        **kwargs: Any,
    ):
        super().__init__(label, **kwargs)
        self.parse, self.missing = parse, missing

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        try:
            if not typed:
                raise ValueError(str(self.missing))
            self.data = self.parse(typed)
        except DjinnError as error:
            raise ValueError(str(error)) from None

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else self.data or ""


class AgentField(SelectField):
    """An agent's id or None. An agent that is set but gone can stay, and is shown as missing."""

    def __init__(self, label: str | Sentence, none: str | Sentence, **kwargs: Any):
        super().__init__(label, coerce=lambda value: value or None, choices=[], **kwargs)
        self.none = none

    def offer(self, registry: Registry, current: str | None) -> None:
        titles = {agent.id: agent.title for agent in registry.agents.values()}
        if current is not None and current not in titles:
            titles[current] = f"{current} (missing)"
        self.choices = [SelectChoice(*choice) for choice in [("", self.none), *titles.items()]]

    def pre_validate(self, form: FlaskForm) -> None:
        if self.data and self.data not in (choice.value for choice in self.choices):
            raise ValidationError(f"There is no agent called “{self.data}” any more.")
