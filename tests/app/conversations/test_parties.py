"""Whose conversation it is, and whose it is not."""

from app.web.ext import Services
from tests.app.visitor import Visitor, words


def test_the_panel_s_own_chats_are_elsewhere(owner: Visitor, services: Services) -> None:
    owner.submit("/chat/", agent="finn", text="Hello")
    assert "Nobody has been answered yet" in words(owner.open("/conversations/"))
    for path in ("", "/now", "/reset", "/forget", "/export.json", "/messages/1"):
        assert owner.open(f"/conversations/1{path}", htmx=True).status_code == 404
    assert owner.open("/messages/1").status_code == 404
