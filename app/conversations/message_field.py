"""The field in which the owner writes a message, in the panel's chat and by hand."""

from flask_wtf import FlaskForm
from wtforms import Field, TextAreaField, ValidationError

TEXT_MAX = 20_000  # characters


def build_message_field(label: str) -> TextAreaField:
    # Browsers end lines as in a mail.
    return TextAreaField(label, filters=[lambda text: (text or "").replace("\r\n", "\n").strip()])


def validate_message(form: FlaskForm, field: Field) -> None:
    if not field.data:
        raise ValidationError("Write something first.")
    if len(field.data) > TEXT_MAX:
        raise ValidationError(f"That is too long: at most {TEXT_MAX:,} characters.")
