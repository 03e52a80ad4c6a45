"""The sprite has every icon."""

import re

from app.web.icons import HOME
from config import ROOT


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    """In the templates an icon is named by `icon("...")`, or in a table or a call beside words."""
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (HOME / "sprite.svg").read_text()))
    assert drawn == set((HOME / "icons.txt").read_text().split())
    for file in (ROOT / "templates").rglob("*.html"):
        assert set(re.findall(r'\bicon\("([^"]+)"', file.read_text())) <= drawn, file
