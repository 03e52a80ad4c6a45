"""What a browser says of itself, in words for people: "Firefox" on "Windows"."""

from dataclasses import dataclass

# The first sign that is found counts: browsers claim to be the ones before them, too.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
MOBILE = ("iPhone", "iPad", "Android")


@dataclass(frozen=True)
class Device:
    """Each "" when the header does not say it."""

    browser: str
    system: str

    @property
    def is_mobile(self) -> bool:
        return self.system in MOBILE


def describe_device(user_agent: str) -> Device:
    """From the User-Agent header, which may hold anything."""
    return Device(_find_first(BROWSERS, user_agent), _find_first(SYSTEMS, user_agent))


def _find_first(signs: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for sign, name in signs if sign in text), "")
