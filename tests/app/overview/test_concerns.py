"""The words of the first page: of each step and of each concern."""

import re
from pathlib import Path

from flask import Flask

from app.overview import concerns
from app.overview.concerns import CONCERNS, STEPS, Concern, Step


def test_each_concern_has_its_words_and_a_way_out(app: Flask) -> None:
    figures = {"agent": "x", "problem": "p", "agents": "x", "model": "m", "count": 1}
    with app.test_request_context():
        for code, words in CONCERNS.items():
            assert str(Concern(code, figures).text).endswith((".", "p")), code
            assert words.page.href.startswith("/") and str(words.action), code
            assert words.colour in ("red", "orange", "azure")


def test_every_code_has_words() -> None:
    source = Path(concerns.__file__).read_text()
    raised = set(re.findall(r'Concern\("(\w+)"', source))
    raised |= {"failed_turns", "unsent", "held", "paused"}
    assert raised == set(CONCERNS)
    assert re.findall(r'\bStep\("(\w+)"', source) == list(STEPS)


def test_each_step_leads_where_it_is_done(app: Flask) -> None:
    with app.test_request_context():
        places = [words.page.href for words in STEPS.values() if words.page]
    assert places == ["/whatsapp/", "/whatsapp/#settings", "/allowlist/", "/models/"]
    assert Step("hello", done=False).words.text is None, "it names the number"
