"""Each toast has its words, and nothing else in the code has words for one."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask, get_template_attribute, render_template, session
from jinja2 import UndefinedError

from app.web.toasts import toast
from tests.app.visitor import Visitor, words

TEMPLATE = "_toast_words.html"
Words = str | Mapping[int | str, str]


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


def fields(sentences: Words) -> frozenset[str]:
    """The names of the figures that a code's words take."""
    every = [sentences] if isinstance(sentences, str) else sentences.values()
    named = {name for text in every for _, name, _, _ in Formatter().parse(text) if name}
    return frozenset(named if isinstance(sentences, str) else named | {"count"})


@pytest.fixture
def known(app: Flask) -> Mapping[str, Words]:
    with app.app_context():
        return get_template_attribute(TEMPLATE, "WORDS")


def said(app: Flask, code: str, **figures: str | int | None) -> str:
    with app.test_request_context():
        told = get_template_attribute(TEMPLATE, "words")({"code": code, "figures": figures})
        return str(told).strip()


def test_every_code_has_words_with_its_figures(known: Mapping[str, Words]) -> None:
    used = list(calls())
    assert {code for code, _ in used} == set(known)
    for code, figures in used:
        assert fields(known[code]) == figures, code


def test_every_sentence_is_one(known: Mapping[str, Words]) -> None:
    for code, sentences in known.items():
        for text in [sentences] if isinstance(sentences, str) else sentences.values():
            assert text[0].isupper() or text[0] in "{1", code
            assert text.endswith(".") or code == "as_said", code


def test_nothing_else_flashes() -> None:
    found = [path.name for path in Path("app").rglob("*.py") if "flash(" in path.read_text()]
    assert found == ["toasts.py"]


def test_a_number_minds_its_grammar(app: Flask) -> None:
    assert said(app, "sessions_ended", count=0) == "There was no other session."
    assert said(app, "sessions_ended", count=1) == "1 other session was ended."
    assert said(app, "sessions_ended", count=2) == "2 other sessions were ended."
    answered = [said(app, "person_answered", person="Ana", count=count) for count in (1, 2)]
    assert answered == [
        "Ana may write, and the kept message is being answered.",
        "Ana may write, and the kept 2 messages are being answered.",
    ]


def test_those_without_a_name(app: Flask) -> None:
    assert said(app, "entry_removed", entry=None) == "Everyone was removed."
    assert said(app, "person_blocked", person=None) == "This person is blocked."
    given = said(app, "permission_given", agent="Ada", whom=None)
    assert given == "Ada may now write to everyone."


def test_a_strangers_name_stays_text(app: Flask) -> None:
    shown = said(app, "person_blocked", person="<b>{count}</b>")
    assert shown == "&lt;b&gt;{count}&lt;/b&gt; is blocked."


def test_what_has_no_words_is_an_error(app: Flask) -> None:
    with pytest.raises(UndefinedError):
        said(app, "nothing_like_it")
    with pytest.raises(KeyError):
        said(app, "entry_added")
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
