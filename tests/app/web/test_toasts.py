"""Each toast has its words, and nothing else in the code has words for one."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask, render_template, session

from app.web.toast_words import WORDS
from app.web.toasts import describe, toast
from core.text.translation import Counted, Sentence
from tests.app.visitor import Visitor, words


def calls() -> Iterator[tuple[str, frozenset[str]]]:
    """The codes that the panel's code has toasts for, with the names of their figures."""
    for path in Path("app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "toast":
                figures = frozenset(word.arg or "**" for word in node.keywords) - {"undo"}
                yield from ((code, figures) for code in codes(node.args[0]))


def codes(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.IfExp):
        yield from codes(argument.body)
        yield from codes(argument.orelse)
    else:
        assert isinstance(argument, ast.Constant), ast.dump(argument)
        yield argument.value


def texts(words: Sentence | Counted) -> list[str]:
    if isinstance(words, Sentence):
        return [words.text]
    return [words.one, words.many, *([words.none.text] if words.none else [])]


def fields(words: Sentence | Counted) -> frozenset[str]:
    """The names of the figures that a code's words take."""
    named = {name for text in texts(words) for _, name, _, _ in Formatter().parse(text) if name}
    return frozenset(named if isinstance(words, Sentence) else named | {"count"})


def said(code: str, **figures: str | int | None) -> str:
    return describe(code, figures)


def test_every_code_has_words_with_its_figures() -> None:
    used = list(calls())
    assert {code for code, _ in used} == set(WORDS)
    for code, figures in used:
        assert fields(WORDS[code]) == figures, code


def test_every_sentence_is_one() -> None:
    for code, words_of_it in WORDS.items():
        for text in texts(words_of_it):
            assert text[0].isupper() or text[0] in "{1", code
            assert text.endswith(".") or code == "as_said", code


def test_nothing_else_flashes() -> None:
    found = [path.name for path in Path("app").rglob("*.py") if "flash(" in path.read_text()]
    assert found == ["toasts.py"]


def test_a_number_minds_its_grammar() -> None:
    assert said("sessions_ended", count=0) == "There was no other session."
    assert said("sessions_ended", count=1) == "1 other session was ended."
    assert said("sessions_ended", count=2) == "2 other sessions were ended."
    answered = [said("person_answered", person="Ana", count=count) for count in (1, 2)]
    assert answered == [
        "Ana may write, and the kept message is being answered.",
        "Ana may write, and the kept 2 messages are being answered.",
    ]


def test_those_without_a_name() -> None:
    assert said("entry_removed", entry=None) == "Everyone was removed."
    assert said("person_blocked", person=None) == "This person is blocked."
    given = said("permission_given", agent="Ada", whom=None)
    assert given == "Ada may now write to everyone."


def test_a_strangers_name_stays_text(app: Flask) -> None:
    with app.test_request_context():
        toast("person_blocked", person="<b>{count}</b>")
        shown = render_template("_toasts.html")
    assert "&lt;b&gt;{count}&lt;/b&gt; is blocked." in shown


def test_what_has_no_words_is_an_error(app: Flask) -> None:
    with pytest.raises(KeyError):
        said("nothing_like_it")
    with pytest.raises(KeyError):
        said("entry_added")
    with app.test_request_context(), pytest.raises(KeyError, match="nothing_like_it"):
        toast("nothing_like_it")


def test_only_the_code_and_its_figures_travel(app: Flask) -> None:
    with app.test_request_context():
        toast("settings_saved", version=3)
        sent = {"code": "settings_saved", "figures": {"version": 3}}
        assert session["_flashes"] == [("success", sent)]
        assert "Saved. Version 3 rules the next message." in render_template("_toasts.html")


def test_a_cookie_of_another_version_does_no_harm(owner: Visitor) -> None:
    with owner.client.session_transaction() as cookie:
        old = [("success", "Saved."), ("undo", {"text": "Ana was removed.", "undo": "/"})]
        cookie["_flashes"] = [*old, ("success", {"code": "from_tomorrow", "figures": {}})]
    answer = owner.open("/")
    assert answer.status_code == 200
    assert "Ana was removed" not in words(answer) and "data-toast" not in answer.text
