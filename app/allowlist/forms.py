"""The forms about who may write."""

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.web.forms import ENTER_PATTERN, AgentField, ParsedField, strip_text
from app.web.words import name_kind
from core.admission.allowlist import LABEL_MAX, Pattern, one_sender
from core.messages.attachment import ATTACHMENTS
from core.messages.message import Kind

TEXT_MAX = 10_000
# What a person can send, as far as it makes a difference to the answer.
KINDS = (
    (Kind.TEXT, "Words"),
    *((kind, name_kind(kind)) for kind in ATTACHMENTS if kind is not Kind.AUDIO),
    (Kind.REACTION, "A reaction"),
)


def _make_label() -> StringField:
    too_long = f"At most {LABEL_MAX} characters."
    return StringField("Label", [Length(max=LABEL_MAX, message=too_long)], filters=[strip_text])


def _make_agent() -> AgentField:
    return AgentField("Default agent", "As in the settings")


class EntryForm(FlaskForm):
    """A line of the allowlist."""

    pattern = ParsedField("Phone number", Pattern.parse, ENTER_PATTERN)
    label = _make_label()
    agent = _make_agent()


class AllowForm(FlaskForm):
    """Letting in a person who was held: the number is known."""

    label = _make_label()
    agent = _make_agent()
    answer = BooleanField("Answer what they wrote")


class ImportForm(FlaskForm):
    """A file or a text; what was looked at comes back as text."""

    file = FileField("A file")
    text = TextAreaField("Or lines")


class TesterForm(FlaskForm):
    """A message that was never sent."""

    phone = ParsedField(
        "Phone number", one_sender, "Enter the sender's number, for example +15551234567."
    )
    kind = SelectField(
        "What they send",
        choices=[SelectChoice(value.value, label) for value, label in KINDS],
        default=Kind.TEXT.value,
    )
    text = TextAreaField(
        "Text", [Length(max=TEXT_MAX, message=f"At most {TEXT_MAX:,} characters.")]
    )
