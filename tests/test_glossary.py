"""The glossary's words are the code's words: what it names exists, functions are named by what they
do, and the code speaks as plainly."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ROOT
from store.sql.tables import metadata

ROOMS = ("app", "core", "store", "worker", "simulator", "demo", "runtime")
GLOSSARY = (ROOT / "docs/glossary.md").read_text()
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]

# What a reader of comments, docstrings and names stumbles over. Sentences for people may have them.
STUMBLING_BLOCKS = frozenset(
    ["told", "nobody", "somebody", "whoever", "whom", "anybody", "everybody", "meanwhile"]
)

# Names of functions that say neither what is done nor to what.
PARTICIPLES = frozenset(
    # Those that do not end in -ed.
    [
        "begun",
        "bound",
        "broken",
        "built",
        "caught",
        "drawn",
        "found",
        "given",
        "gone",
        "heard",
        "held",
        "hidden",
        "kept",
        "known",
        "lost",
        "made",
        "meant",
        "said",
        "seen",
        "sent",
        "shown",
        "spelled",
        "spent",
        "spoken",
        "stuck",
        "taken",
        "told",
        "undone",
        "unread",
        "unseen",
        "unsent",
        "won",
        "written",
    ]
)
ADVERBS = frozenset(
    [
        "about",
        "above",
        "across",
        "after",
        "again",
        "ago",
        "alone",
        "already",
        "also",
        "among",
        "around",
        "away",
        "back",
        "before",
        "behind",
        "below",
        "beside",
        "between",
        "beyond",
        "by",
        "elsewhere",
        "here",
        "how",
        "inside",
        "into",
        "just",
        "later",
        "near",
        "never",
        "off",
        "on",
        "once",
        "only",
        "out",
        "outside",
        "over",
        "past",
        "rather",
        "since",
        "soon",
        "still",
        "then",
        "there",
        "through",
        "together",
        "until",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "with",
        "within",
        "without",
        "yet",
    ]
)
# Read with their module, as a sentence: a view answers `respond.saved(...)`.
SENTENCES = frozenset({"app/web/respond.py:saved", "app/web/respond.py:unchanged"})
VERBS_IN_ED = frozenset({"embed", "exceed", "feed", "need", "proceed", "seed", "speed"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


def words_of(name: str) -> list[str]:
    """The words of a name in snake case or camel case, or of a text."""
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def docstrings(tree: ast.AST) -> set[int]:
    """The lines at which docstrings begin."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    owners = (node for node in ast.walk(tree) if isinstance(node, kinds) and not is_tool(node))
    return {node.body[0].lineno for node in owners if ast.get_docstring(node) is not None}


def is_tool(node: ast.AST) -> bool:
    """Whether agents have this function as a tool: models read its docstring, not developers."""
    if not isinstance(node, Function):
        return False
    return any("RunContext" in ast.unparse(each.annotation or node) for each in node.args.args[:1])


def remarks(path: Path) -> Iterator[tuple[int, str]]:
    """The comments, docstrings and names of a file, with their lines."""
    text = path.read_text()
    begins = docstrings(ast.parse(text))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and token.start[0] in begins
        if is_docstring or token.type in (tokenize.COMMENT, tokenize.NAME):
            yield token.start[0], token.string


def functions(path: Path) -> Iterator[Function]:
    """All but properties, which are named as the values that they are."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            decorators = [ast.unparse(each) for each in node.decorator_list]
            if not any("property" in each for each in decorators):
                yield node


def is_bare(name: str) -> bool:
    """Whether this is a participle or an adverb, and nothing else."""
    word = name.strip("_")
    if word in PARTICIPLES | ADVERBS:
        return True
    return word.isalpha() and len(word) > 4 and word.endswith("ed") and word not in VERBS_IN_ED


def test_each_module_that_the_glossary_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)`", GLOSSARY)
    assert named and not [name for name in named if not (ROOT / name).is_file()]


def test_each_table_that_the_glossary_names_exists() -> None:
    named = set(re.findall(r"tables?\s+`(\w+)`", GLOSSARY))
    assert named and named <= set(metadata.tables)


def test_each_word_has_its_place_and_stands_once() -> None:
    entries = re.findall(r"^- \*\*(.+?)\*\*: (.+?)(?=^- |^#|\Z)", GLOSSARY, re.M | re.S)
    words = [word for word, _ in entries]
    assert len(words) > 40 and len(words) == len(set(words))
    assert not [word for word, text in entries if ".py`" not in text]


@pytest.mark.parametrize("room", ROOMS)
def test_comments_docstrings_and_names_are_in_plain_words(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {', '.join(sorted(blocks))}"
        for path in FILES
        if path.relative_to(ROOT).parts[0] == room
        for line, text in remarks(path)
        if (blocks := STUMBLING_BLOCKS & set(words_of(text)))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("room", ROOMS)
def test_functions_are_named_by_what_they_do(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{function.lineno}: {function.name}"
        for path in FILES
        if path.relative_to(ROOT).parts[0] == room
        for function in functions(path)
        if is_bare(function.name) and f"{path.relative_to(ROOT)}:{function.name}" not in SENTENCES
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("_told", True), ("around", True), ("shown", True), ("find_shown", False), ("need", False)],
)
def test_what_counts_as_bare(name: str, expected: bool) -> None:
    assert is_bare(name) is expected
