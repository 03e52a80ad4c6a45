"""Indentation stays in the templates, and no word loses its distance to the next."""

import re

import pytest
from jinja2 import Environment

from app.web.indents import ShortIndents
from config import ROOT


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<ul>\n    <li>one</li>\n</ul>", "<ul>\n <li>one</li>\n</ul>"),
        ("<a\n        href='/'>x</a>", "<a\n href='/'>x</a>"),
        ("one{% if true %}\n      two{% endif %}", "one two"),
        ("one  two", "one  two"),
    ],
)
def test_one_space_is_left(source: str, html: str) -> None:
    environment = Environment(extensions=[ShortIndents], trim_blocks=True, lstrip_blocks=True)
    assert environment.from_string(source).render() == html


def test_an_error_names_the_line_of_the_template() -> None:
    environment = Environment(extensions=[ShortIndents])
    template = environment.from_string("<p>\n    fine\n    {{ 1 // 0 }}\n</p>")
    with pytest.raises(ZeroDivisionError) as caught:
        template.render()
    assert caught.traceback[-1].lineno + 1 == 3


def test_no_template_indents_where_every_space_shows() -> None:
    shown = re.compile(r"<(pre|textarea)\b.*?</\1>", re.DOTALL)
    for path in (ROOT / "templates").rglob("*.html"):
        for found in shown.finditer(path.read_text()):
            content = re.sub(r"<[^>]*>", "", found[0])
            assert "\n  " not in content, path
