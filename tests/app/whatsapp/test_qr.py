"""The QR code is drawn here."""

from datetime import timedelta

from app.web.ext import Services
from core.link import Phase, Status
from store.redis.live import Live
from tests.app.visitor import Visitor, words

QR = "https://wa.me/settings/linked_devices#a-secret"


def test_the_qr_code_is_drawn_here_and_its_content_is_nowhere(
    owner: Visitor, live: Live, services: Services
) -> None:
    expires = services.now() + timedelta(seconds=15)
    live.publish(Status(Phase.SCAN, attempt="a", qr=QR, number=2, of=6, expires_at=expires))
    page = owner.open("/whatsapp/")
    assert "Code 2 of 6" in words(page)
    assert '<svg viewBox="0 0 ' in page.text
    assert "a-secret" not in page.text
    assert 'role="img"' in page.text and page.headers["Cache-Control"] == "no-store"
    assert 'max="20"' in page.text
