"""Fields that several forms have."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask_wtf import FlaskForm

from app.web.forms import AgentField, ParsedField, strip_text
from core.agents.agent import Agent
from core.phone import Phone
from tests.app.filling import fill


class PhoneForm(FlaskForm):
    phone = ParsedField("Phone", Phone.parse, "Enter a number.")


def test_what_was_typed_stays_and_what_is_valid_is_a_value() -> None:
    form, errors = fill(PhoneForm, phone=" +1 555 000 0001 ")
    assert (errors, form.phone.data) == ({}, Phone("+15550000001"))
    form, errors = fill(PhoneForm, phone="Ada")
    assert errors["phone"] and form.phone.data is None
    assert 'value="Ada"' in str(form.phone())


@pytest.mark.parametrize("typed", ["", "  "])
def test_nothing_is_asked_for(typed: str) -> None:
    assert fill(PhoneForm, phone=typed)[1] == {"phone": ["Enter a number."]}


def agent_form(current: str | None) -> type[FlaskForm]:
    registry: Any = SimpleNamespace(agents={"finn": Agent("finn", "Finn")})

    class Form(FlaskForm):
        agent = AgentField("Agent", "Nobody")

        def __init__(self, **options: object) -> None:
            super().__init__(**options)
            self.agent.offer(registry, current)

    return Form


@pytest.mark.parametrize(
    ("current", "chosen", "value", "is_good"),
    [
        (None, "finn", "finn", True),
        (None, "", None, True),
        (None, "gone", "gone", False),
        ("gone", "gone", "gone", True),
    ],
)
def test_an_agent_that_is_gone_may_stay_but_is_not_chosen(
    current: str | None, chosen: str, value: str | None, is_good: bool
) -> None:
    form, errors = fill(agent_form(current), agent=chosen)
    assert (form.agent.data, not errors) == (value, is_good)
    labels = [str(choice.label) for choice in form.agent.choices]
    assert labels[0] == "Nobody" and ("gone (missing)" in labels) is (current == "gone")


@pytest.mark.parametrize(
    ("text", "stripped"), [(" a ", "a"), ("", None), ("  ", None), (None, None)]
)
def test_nothing_is_none(text: str | None, stripped: str | None) -> None:
    assert strip_text(text) == stripped
