"""What every answer carries, and that no page needs more than it allows."""

import hashlib
import re

import pytest

from config import ROOT
from tests.app.visitor import Visitor

PAGES = ("/", "/whatsapp/", "/whatsapp/link", "/allowlist/", "/people/")


@pytest.mark.parametrize("path", [*PAGES, "/login", "/nowhere", "/up"])
def test_nothing_from_elsewhere_may_run_or_frame(owner: Visitor, path: str) -> None:
    headers = owner.open(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_not_kept_and_differ_for_htmx(owner: Visitor, path: str) -> None:
    answer = owner.open(path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_inline_script_style_or_foreign_address(owner: Visitor, path: str) -> None:
    text = owner.open(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|hx-on", text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_files_are_kept_for_long_under_an_address_of_their_content(owner: Visitor) -> None:
    address = re.search(r'href="(/static/style\.css\?v=\w+)"', owner.open("/").text)
    assert address
    with owner.open(address[1]) as answer:
        assert "max-age=31536000" in answer.headers["Cache-Control"]


def test_what_is_vendored_is_what_vendor_md_says() -> None:
    vendor = ROOT / "app/static/vendor"
    listed = re.findall(
        r"\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|", (vendor / "VENDOR.md").read_text()
    )
    assert listed
    for name, digest in listed:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
