"""The forms of the WhatsApp page: the number to link, and the settings as core/settings.py has
them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from itertools import groupby
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.widgets import NumberInput, TextInput

from app.web.forms import AgentField, ParsedField, strip_text
from core.errors import DjinnError
from core.phone import Phone
from core.settings import ABOUT, FIELDS, Numbers, Settings, parse_emoji, read_setting
from core.text.translation import Sentence, _
from store.agents.agents import Registry

ACK_EMOJIS = ("👀", "👍", "✅", "⏳")
OTHER = "other"


class CodeForm(FlaskForm):
    phone = ParsedField(
        _("Phone number of the WhatsApp account"),
        Phone.parse,
        _("Enter the account's number, for example +15551234567."),
    )


class NumberField(Field):
    """A number of the settings, typed in the page's unit. An empty field is None where there need
    not be a number."""

    def __init__(self, label: Sentence, numbers: Numbers, is_optional: bool, **kwargs: Any):
        self.numbers, self.is_optional = numbers, is_optional
        scale, digits = numbers.scale, numbers.digits
        lowest, highest = (
            float(bound / scale) if digits else bound for bound in (numbers.lowest, numbers.highest)
        )
        widget = NumberInput(step=10**-digits if digits else None, min=lowest, max=highest)
        keys = {"inputmode": "decimal" if digits else "numeric"}
        super().__init__(label, widget=widget, render_kw=keys, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        self.data = None
        typed = valuelist[0].strip()
        if typed or not self.is_optional:
            self.data = self._read(typed.replace(",", "."))

    def _read(self, typed: str) -> int | Decimal:
        """Raises `ValueError` with the sentence to show."""
        numbers = self.numbers
        try:
            number = self._parse(typed)
        except (InvalidOperation, ValueError, OverflowError):
            sentence = numbers.not_a_number or numbers.refusal
            raise ValueError(numbers.describe(sentence)) from None
        if number not in numbers:
            raise ValueError(numbers.describe(numbers.refusal))
        return number

    def _parse(self, typed: str) -> int | Decimal:
        numbers = self.numbers
        if not numbers.digits:
            return int(typed)
        number = round(Decimal(typed), numbers.digits) * numbers.scale
        if number.is_nan():
            raise ValueError
        return number if numbers.scale == 1 else int(number)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{float(self.data) / self.numbers.scale:g}"


def _get_label(name: str) -> Sentence:
    label = ABOUT[name].label
    assert label, name  # `ABOUT` has only settings that are shown
    return label


def _make_field(name: str) -> Field | None:
    """The form's field for a setting, by its type; None for those that need one of their own."""
    about, kind = ABOUT[name], FIELDS[name].type
    if about.numbers:
        return NumberField(
            _get_label(name), about.numbers, is_optional=FIELDS[name].type is not int
        )
    if kind is bool:
        return BooleanField(_get_label(name))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        members: Any = kind  # each enum of the settings has labels
        choices = [SelectChoice(each.value, each.label) for each in members]
        return SelectField(_get_label(name), choices=choices)
    return None


class SettingsForm(FlaskForm):
    """A field for each setting that has a label, under the setting's name. `ack_emoji` is two: a
    choice of common ones, and a text for others."""

    about = ABOUT  # hints and warnings, for the template
    # The version that the page showed: a save must not undo a newer one unseen.
    version = HiddenField(filters=[lambda text: int(text) if str(text).isdigit() else -1])
    default_agent = AgentField(_get_label("default_agent"), _("Nobody"))
    ack = RadioField(
        ABOUT["ack_emoji"].label,
        choices=[
            SelectChoice("", _("None")),
            *map(SelectChoice, ACK_EMOJIS),
            SelectChoice(OTHER, _("Other")),
        ],
    )
    ack_other = StringField(_("Other emoji"), filters=[strip_text], widget=TextInput())

    @classmethod
    def of(cls, current: Settings, registry: Registry, posted: bool = False) -> "SettingsForm":
        """The form for these settings, or with what was `posted` over them."""
        values = _to_form(current, registry)
        form = cls(formdata=request.form if posted else None, data=values)
        form.default_agent.offer(registry, current.default_agent)
        return form

    def validate_ack_other(self, field: Field) -> None:
        if self.ack.data != OTHER:
            return
        try:
            parse_emoji(field.data or "")
        except DjinnError as error:
            raise ValidationError(str(error)) from None

    def to_settings(self, before: Settings) -> Settings:
        """Only after `validate()`. What is set on other pages stays as it was before."""
        ack = self.ack_other.data if self.ack.data == OTHER else self.ack.data
        values = {name: read_setting(name, self[name].data) for name in ABOUT if name in self}
        return replace(before, **values, ack_emoji=ack or None)

    def list_sections(self) -> Iterator[tuple[Sentence | None, list[tuple[str, list[str]]]]]:
        """The page from top to bottom: a headline or None, and the settings below it in groups of
        one kind ("field", "switch", "emoji"), by name."""
        for section, names in groupby(ABOUT, lambda name: ABOUT[name].section):
            yield section, [(kind, list(group)) for kind, group in groupby(names, self._kind)]

    def _kind(self, name: str) -> str:
        if name not in self:
            return "emoji"
        return "switch" if isinstance(self[name], BooleanField) else "field"


for _name in ABOUT:
    if _field := _make_field(_name):
        setattr(SettingsForm, _name, _field)


def _to_form(current: Settings, registry: Registry) -> Mapping[str, Any]:
    """While nothing was ever saved, the first agent is preselected: one should answer."""
    is_common = current.ack_emoji in (None, *ACK_EMOJIS)
    first = next(iter(registry.agents), None) if current.version == 0 else None
    return {
        "version": current.version,
        **{name: getattr(current, name) for name in ABOUT},
        "default_agent": current.default_agent or first,
        "ack": (current.ack_emoji or "") if is_common else OTHER,
        "ack_other": "" if is_common else current.ack_emoji,
    }
