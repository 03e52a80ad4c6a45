"""A page as it looks to people: in both colours, on a phone and on a desk."""

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

THEMES = ("light", "dark")
WIDTHS = (390, 1280)
AUDIT = (Path(__file__).parent / "audit.js").read_text()
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RUN_AXE = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} (${node.any[0]?.message ?? ""})`));
}"""
# The page has heard of the theme, and no colour is on its way: that of neither theme would count.
SETTLED = """(theme) => {
  const drawn = document.documentElement.dataset.bsTheme ?? theme;  // the demo has none
  if (!matchMedia(`(prefers-color-scheme: ${theme})`).matches || drawn !== theme) return false;
  for (const animation of document.getAnimations()) {
    if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
  }
  return true;
}"""


def show_themes(page: Page) -> Iterator[str]:
    """The names of the themes; at each the page is drawn in it."""
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(SETTLED, arg=theme)
        yield theme


def show_looks(page: Page) -> Iterator[str]:
    """The names of theme and width; at each the page is drawn so."""
    for theme in show_themes(page):
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            page.wait_for_function(SETTLED, arg=theme)
            yield f"{theme}, {width}"


def audit(page: Page) -> list[str]:
    """What is wrong with the page as it is: contrast, labels, icons, width."""
    found: list[str] = page.evaluate(AUDIT)
    return found


def audit_looks(page: Page) -> list[str]:
    """The same for each look."""
    return [f"{look}: {problem}" for look in show_looks(page) for problem in audit(page)]


def run_axe(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is, besides what `audit` finds."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    return [*page.evaluate(RUN_AXE), *audit(page)]


def run_axe_on_looks(page: Page) -> list[str]:
    """The same for each look; axe reads each width once, since the other theme differs in colours
    alone, whose contrast `audit` measures."""
    return [
        f"{look}: {problem}"
        for look in show_looks(page)
        for problem in (run_axe if look.startswith(THEMES[0]) else audit)(page)
    ]
