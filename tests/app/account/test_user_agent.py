"""Browsers and systems by what they say of themselves."""

import pytest

from app.account.user_agent import Device, describe_device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("said", "device"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0 Safari/537.36",
            Device("Chrome", "Windows"),
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/126.0 Safari/537.36 Edg/126.0",
            Device("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            Device("Firefox", "Linux"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15",
            Device("Safari", "macOS"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            Device("Safari", "iPhone"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/126.0 Mobile Safari/537.36",
            Device("Chrome", "Android"),
        ),
        ("curl/8.5.0", Device("curl", "")),
        ("", Device("", "")),
        ("<script>alert(1)</script>", Device("", "")),
    ],
)
def test_devices(said: str, device: Device) -> None:
    assert describe_device(said) == device


def test_what_fits_into_a_pocket() -> None:
    assert Device("Safari", "iPhone").is_mobile
    assert not Device("Safari", "macOS").is_mobile
