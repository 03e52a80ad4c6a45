"""Each reason has a sentence."""

from flask import Flask, get_template_attribute

from core.messages.message import Reason


def said(app: Flask, code: str | None) -> str:
    with app.test_request_context():
        return str(get_template_attribute("conversations/_reasons.html", "reason")(code))


def test_every_reason_has_a_sentence(app: Flask) -> None:
    for code in Reason:
        sentence = said(app, code)
        assert sentence.endswith(".") and sentence.strip("“")[0].isupper(), code
        assert said(app, code.value) == sentence, "as the database has it"


def test_a_message_that_waits_for_its_decision(app: Flask) -> None:
    assert said(app, None) == "Nothing has been decided yet."
