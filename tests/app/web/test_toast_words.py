"""Each toast has its words."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from app.web.toast_words import WORDS
from core.text.translation import Counted, Sentence


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
