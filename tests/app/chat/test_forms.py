"""The forms of the dashboard chat."""

import pytest

from app.chat.forms import ModelForm, NewChatForm
from core.agents.agent import Agent
from core.models.name import NAME_LENGTH
from tests.app.filling import fill


@pytest.mark.parametrize(
    ("agent", "error"),
    [("finn", None), ("gone", "There is no such agent any more. Choose another.")],
)
def test_a_new_chat_wants_an_agent_that_is_there(agent: str, error: str | None) -> None:
    class Form(NewChatForm):
        def __init__(self, **options: object) -> None:
            super().__init__(**options)
            self.agent.choices = [(each.id, each.title) for each in [Agent("finn", "Finn")]]

    form, errors = fill(Form, agent=agent, text="Hello")
    assert errors == ({"agent": [error]} if error else {})
    assert fill(Form, agent="finn", text="")[1] == {"text": ["Write something first."]}


def test_a_model_has_one_spelling_and_none_is_the_agents_own() -> None:
    assert fill(ModelForm, model=" openai/gpt-4o ")[0].model.data == "openai/gpt-4o"
    assert fill(ModelForm, model=" ")[0].model.data is None
    assert fill(ModelForm, model="nonsense")[1]["model"][0].startswith(
        "Write a model as provider/name."
    )
    long = "custom/" + "x" * NAME_LENGTH
    assert fill(ModelForm, model=long)[1] == {"model": ["At most 200 characters."]}
