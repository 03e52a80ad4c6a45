"""The forms of the dashboard chat. A valid form's fields hold clean values."""

from collections.abc import Iterable

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField, ValidationError
from wtforms.validators import Length

from app.conversations.message_field import build_message_field, validate_message
from core.agents.agent import Agent
from core.errors import InvalidModel
from core.models.name import NAME_LENGTH, ModelName


class MessageForm(FlaskForm):
    text = build_message_field("Message")
    validate_text = staticmethod(validate_message)


class NewChatForm(FlaskForm):
    agent = SelectField("Agent", validate_choice=False)
    text = build_message_field("First message")

    @classmethod
    def for_agents(cls, agents: Iterable[Agent], chosen: str | None) -> "NewChatForm":
        """`chosen` is the agent that an unsent form begins with."""
        posted = request.form if request.method == "POST" else None
        form = cls(formdata=posted, data={"agent": chosen})
        form.agent.choices = [(agent.id, agent.title) for agent in agents]
        return form

    def validate_agent(self, field: Field) -> None:
        if field.data not in [agent for agent, _ in self.agent.choices]:
            raise ValidationError("There is no such agent any more. Choose another.")

    def validate_text(self, field: Field) -> None:
        validate_message(self, field)


class ModelForm(FlaskForm):
    """Empty: the agent's own model."""

    model = StringField(
        "Model",
        [Length(max=NAME_LENGTH, message=f"At most {NAME_LENGTH} characters.")],
        filters=[lambda text: (text or "").strip()],
    )

    def validate_model(self, field: Field) -> None:
        try:
            field.data = str(ModelName.parse(field.data)) if field.data else None
        except InvalidModel as error:
            raise ValidationError(str(error)) from None
