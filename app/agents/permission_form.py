"""The form of a send permission."""

from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from app.web.forms import ENTER_PATTERN, AgentField, ParsedField, strip_text
from core.admission.allowlist import EVERYONE
from core.admission.permission import LABEL_MAX, parse_target


class PermissionForm(FlaskForm):
    """`is_sure` is asked only of who wants to let an agent write to everyone."""

    agent = AgentField("Agent", "Choose an agent", validators=[DataRequired("Choose an agent.")])
    pattern = ParsedField("May write to", parse_target, ENTER_PATTERN)
    label = StringField(
        "Label",
        [Length(max=LABEL_MAX, message=f"At most {LABEL_MAX} characters.")],
        filters=[strip_text],
    )
    is_sure = BooleanField("This agent may write to every number there is")

    @property
    def asks(self) -> bool:
        """Whether the question is to be shown."""
        return bool(self.is_sure.errors or self.is_sure.data)

    def validate(self, extra_validators: object = None) -> bool:
        if not super().validate(extra_validators):
            return False
        if self.pattern.data == EVERYONE and not self.is_sure.data:
            self.is_sure.errors = ["Confirm that, or enter a number or a prefix."]
            return False
        return True
