"""Every form of the panel. A valid form's fields hold clean values: a `Phone`, an agent's id."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, NumberRange
from wtforms.widgets import NumberInput, TextInput

from core.errors import DjinnError
from core.phone import Phone
from core.settings import (
    GATHER_MS,
    MESSAGES_PER_MINUTE,
    MOST_DOLLARS,
    STICKY_MINUTES,
    Groups,
    Settings,
    one_emoji,
)
from store.agents.agents import Registry

PASSWORD_MIN = 10
ACK_EMOJIS = ("👀", "👍", "✅", "⏳")
OTHER = "other"

# For a field in which a password is chosen; `repeated` is for the one beside it.
NEW_PASSWORD = [
    InputRequired("Choose a password."),
    Length(min=PASSWORD_MIN, message=f"Use at least {PASSWORD_MIN} characters."),
    Length(max=1000, message="At most 1000 characters."),
]


def repeated(name: str) -> Sequence[Callable[[Any, Any], None]]:
    """Validators of a field that must have the same in it as the field with this name."""
    return [
        InputRequired("Repeat the password."),
        EqualTo(name, "The two passwords are different."),
    ]


def stripped(text: str | None) -> str | None:
    """What was typed without the space around it; nothing is None."""
    return (text and text.strip()) or None


class ParsedField(StringField):
    """Text that a function of the core turns into a value or refuses with a sentence. What was
    typed stays in the field."""

    def __init__(self, label: str, parse: Callable[[str], Any], missing: str, **kwargs: Any):
        super().__init__(label, **kwargs)
        self.parse, self.missing = parse, missing

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        try:
            if not typed:
                raise ValueError(self.missing)
            self.data = self.parse(typed)
        except DjinnError as error:
            raise ValueError(str(error)) from None

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else self.data or ""


class SecondsField(Field):
    """Seconds with one decimal on the page, whole milliseconds inside."""

    widget = NumberInput(step=0.1, min=0, max=GATHER_MS[-1] / 1000)
    sentence = f"Enter {GATHER_MS[0]} to {GATHER_MS[-1] // 1000} seconds, for example 0.6."

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        try:
            seconds = Decimal(valuelist[0].strip().replace(",", "."))
            milliseconds = int(round(seconds, 1) * 1000)
        except (IndexError, InvalidOperation, ValueError, OverflowError):
            raise ValueError(self.sentence) from None
        if milliseconds not in GATHER_MS:
            raise ValueError(self.sentence)
        self.data = milliseconds

    def _value(self) -> str:
        if self.raw_data:
            return self.raw_data[0]
        return "" if self.data is None else f"{self.data / 1000:g}"


class MinutesField(IntegerField):
    """IntegerField with our sentence for what is not a number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([value.strip() for value in valuelist])
        except ValueError:
            raise ValueError("Enter a whole number of minutes.") from None


class LimitField(Field):
    """A number up to which something is allowed; None, an empty field, for no limit."""

    def __init__(self, label: str, read: Callable[[str], Any], sentence: str, **kwargs: Any):
        super().__init__(label, **kwargs)
        self.read, self.sentence = read, sentence

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        typed = valuelist[0].strip().replace(",", ".")
        try:
            self.data = self.read(typed) if typed else None
        except (InvalidOperation, ValueError):
            self.data = None
            raise ValueError(self.sentence) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{float(self.data):g}"


def _messages(typed: str) -> int:
    if int(typed) not in MESSAGES_PER_MINUTE:
        raise ValueError
    return int(typed)


def _dollars(typed: str) -> Decimal:
    """In whole cents."""
    cents = round(Decimal(typed), 2)
    if not 0 < cents <= MOST_DOLLARS:
        raise ValueError
    return cents


class AgentField(SelectField):
    """An agent's id or None. An agent that is set but gone can stay, and is shown as missing."""

    def __init__(self, label: str, nobody: str, **kwargs: Any):
        super().__init__(label, coerce=lambda value: value or None, choices=[], **kwargs)
        self.nobody = nobody

    def offer(self, registry: Registry, current: str | None) -> None:
        titles = {agent.id: agent.title for agent in registry.agents.values()}
        if current is not None and current not in titles:
            titles[current] = f"{current} (missing)"
        self.choices = [SelectChoice(*choice) for choice in [("", self.nobody), *titles.items()]]

    def pre_validate(self, form: FlaskForm) -> None:
        if self.data and self.data not in (choice.value for choice in self.choices):
            raise ValidationError(f"There is no agent called “{self.data}” any more.")


class LoginForm(FlaskForm):
    username = StringField("Name", [DataRequired("Enter your name.")])
    password = PasswordField("Password", [InputRequired("Enter your password.")])


class SetupForm(FlaskForm):
    username = StringField(
        "Name",
        [DataRequired("Choose a name."), Length(max=100, message="At most 100 characters.")],
        filters=[stripped],
    )
    password = PasswordField("Password", NEW_PASSWORD)
    confirm = PasswordField("Password again", repeated("password"))


class CodeForm(FlaskForm):
    phone = ParsedField(
        "Phone number of the WhatsApp account",
        Phone.parse,
        "Enter the account's number, for example +15551234567.",
    )


class SettingsForm(FlaskForm):
    # The version that the page showed: a save must not undo a newer one unseen.
    version = HiddenField(filters=[lambda text: int(text) if str(text).isdigit() else -1])
    enabled = BooleanField("Enabled")
    default_agent = AgentField("Default agent", "Nobody")
    sticky_minutes = MinutesField(
        "Sticky TTL",
        [
            NumberRange(
                STICKY_MINUTES[0],
                STICKY_MINUTES[-1],
                f"Sticky TTL must be {STICKY_MINUTES[0]} to {STICKY_MINUTES[-1]} minutes.",
            )
        ],
        widget=NumberInput(min=STICKY_MINUTES[0], max=STICKY_MINUTES[-1]),
    )
    ack = RadioField(
        "Ack emoji",
        choices=[
            SelectChoice("", "None"),
            *map(SelectChoice, ACK_EMOJIS),
            SelectChoice(OTHER, "Other"),
        ],
    )
    ack_other = StringField("Other emoji", filters=[stripped], widget=TextInput())
    allow_all = BooleanField("Allow all")
    gather_ms = SecondsField("Wait for further lines")
    keep_held_text = BooleanField("Keep what strangers write")
    messages_per_minute = LimitField(
        "Messages a minute",
        _messages,
        f"Enter {MESSAGES_PER_MINUTE[0]} to {MESSAGES_PER_MINUTE[-1]}, or nothing for no limit.",
        widget=NumberInput(min=MESSAGES_PER_MINUTE[0], max=MESSAGES_PER_MINUTE[-1]),
    )
    daily_cost_usd = LimitField(
        "Dollars a day",
        _dollars,
        f"Enter 0.01 to {MOST_DOLLARS} dollars, or nothing for no limit.",
        widget=NumberInput(step=0.01, min=0.01, max=MOST_DOLLARS),
    )
    still_working = BooleanField("Say when an answer takes long")
    auto_compact = BooleanField("Summarize long conversations")
    pause_on_own_message = BooleanField("Pause when I write from my phone")
    groups = SelectField(
        "Groups",
        choices=[
            SelectChoice(Groups.IGNORE, "Ignore groups"),
            SelectChoice(Groups.ADDRESSED, "Answer when spoken to"),
        ],
    )

    @classmethod
    def of(cls, current: Settings, registry: Registry, posted: bool = False) -> "SettingsForm":
        """The form for these settings, or with what was `posted` over them."""
        form = cls(formdata=request.form if posted else None, data=_shown(current, registry))
        form.default_agent.offer(registry, current.default_agent)
        return form

    def validate_ack_other(self, field: Field) -> None:
        if self.ack.data != OTHER:
            return
        try:
            one_emoji(field.data or "")
        except DjinnError as error:
            raise ValidationError(str(error)) from None

    def to_settings(self, before: Settings) -> Settings:
        """Only after `validate()`. What is set on other pages stays as it was before."""
        ack = self.ack_other.data if self.ack.data == OTHER else self.ack.data
        return replace(
            before,
            enabled=self.enabled.data,
            default_agent=self.default_agent.data,
            sticky_minutes=self.sticky_minutes.data,
            ack_emoji=ack or None,
            allow_all=self.allow_all.data,
            keep_held_text=self.keep_held_text.data,
            gather_ms=self.gather_ms.data,
            messages_per_minute=self.messages_per_minute.data,
            daily_cost_usd=self.daily_cost_usd.data,
            still_working=self.still_working.data,
            auto_compact=self.auto_compact.data,
            pause_on_own_message=self.pause_on_own_message.data,
            groups=Groups(self.groups.data),
        )


def _shown(current: Settings, registry: Registry) -> Mapping[str, Any]:
    """While nothing was ever saved, the first agent is preselected: one should answer."""
    is_common = current.ack_emoji in (None, *ACK_EMOJIS)
    first = next(iter(registry.agents), None) if current.version == 0 else None
    return {
        "version": current.version,
        "enabled": current.enabled,
        "default_agent": current.default_agent or first,
        "sticky_minutes": current.sticky_minutes,
        "ack": (current.ack_emoji or "") if is_common else OTHER,
        "ack_other": "" if is_common else current.ack_emoji,
        "allow_all": current.allow_all,
        "gather_ms": current.gather_ms,
        "keep_held_text": current.keep_held_text,
        "messages_per_minute": current.messages_per_minute,
        "daily_cost_usd": current.daily_cost_usd,
        "still_working": current.still_working,
        "auto_compact": current.auto_compact,
        "pause_on_own_message": current.pause_on_own_message,
        "groups": current.groups,
    }
