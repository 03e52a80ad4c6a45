"""The watch that every test of this folder relies on: whatever the policy stops is heard."""

import pytest

from tests.browser.panel import Panel

pytestmark = pytest.mark.browser

# Each is tried on a page of ours, as a slip in a template would.
SLIPS = {
    "an inline script": "document.body.append(Object.assign(document.createElement('script'), "
    "{ textContent: 'window.ran = true' }))",
    "a handler in an attribute": "document.body.insertAdjacentHTML('beforeend', "
    "'<img src=x onerror=\"window.ran = true\">')",
    "an inline style": "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x')",
    "an eval": "setTimeout('window.ran = true', 0)",
    "a frame": "document.body.insertAdjacentHTML('beforeend', '<iframe src=\"/\"></iframe>')",
    "a picture from elsewhere": "new Image().src = 'http://127.0.0.1:9/picture.png'",
    "a request to elsewhere": "fetch('http://127.0.0.1:9/').catch(() => {})",
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_what_the_policy_stops_is_heard(panel: Panel, slip: str) -> None:
    page = panel.stranger()
    page.goto("/login")
    assert panel.problems == []
    with page.expect_console_message(lambda message: "CSP stopped" in message.text):
        page.evaluate(slip)
    assert page.evaluate("window.ran") is None
    assert any("CSP stopped" in problem for problem in panel.problems)
    panel.problems.clear()
    page.close()
    panel.problems.clear()  # a page that is closing may still say something
