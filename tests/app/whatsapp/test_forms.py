"""The settings as people type them, and what is refused."""

import re
from decimal import Decimal

import pytest

from app.web.ext import Services
from core.settings import Groups, Settings
from store import settings
from tests.app.visitor import Visitor, tag, words

FORM = {
    "version": "0",
    "enabled": "y",
    "default_agent": "finn",
    "sticky_minutes": "45",
    "ack": "👀",
    "ack_other": "",
    "gather_ms": "1.5",
}


def saved(services: Services) -> Settings:
    with services.db.read() as connection:
        return settings.load(connection)


def test_what_is_off_and_empty_is_saved_as_such(owner: Visitor, services: Services) -> None:
    owner.submit("/whatsapp/settings", **FORM)
    cleared = {"version": "1", "default_agent": "", "ack": "", "sticky_minutes": "5"}
    owner.submit("/whatsapp/settings", **cleared, gather_ms="0")
    now = saved(services)
    assert (now.enabled, now.default_agent, now.ack_emoji, now.gather_ms) == (False, None, None, 0)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sticky_minutes": "4"}, "Sticky TTL must be 5 to 120 minutes."),
        ({"sticky_minutes": "121"}, "Sticky TTL must be 5 to 120 minutes."),
        ({"sticky_minutes": "soon"}, "Enter a whole number of minutes."),
        ({"sticky_minutes": ""}, "Enter a whole number of minutes."),
        ({"ack": "other", "ack_other": "👀👀"}, "Use exactly one emoji"),
        ({"ack": "other", "ack_other": ""}, "Use exactly one emoji"),
        ({"gather_ms": "11"}, "Enter 0 to 10 seconds"),
        ({"gather_ms": "NaN"}, "Enter 0 to 10 seconds"),
        ({"gather_ms": "1e999999"}, "Enter 0 to 10 seconds"),
        ({"default_agent": "nobody"}, "There is no agent called “nobody” any more."),
        ({"messages_per_minute": "0"}, "Enter 1 to 1000, or nothing for no limit."),
        ({"messages_per_minute": "many"}, "Enter 1 to 1000, or nothing for no limit."),
        ({"messages_per_minute": "2.5"}, "Enter 1 to 1000, or nothing for no limit."),
        ({"daily_cost_usd": "0.004"}, "Enter 0.01 to 10000 dollars, or nothing for no limit."),
        ({"daily_cost_usd": "-1"}, "Enter 0.01 to 10000 dollars, or nothing for no limit."),
        ({"daily_cost_usd": "NaN"}, "Enter 0.01 to 10000 dollars, or nothing for no limit."),
        ({"daily_cost_usd": "1e999999"}, "Enter 0.01 to 10000 dollars, or nothing for no limit."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_bad_settings_are_sent_back_with_the_reason(
    owner: Visitor, services: Services, fields: dict[str, str], sentence: str, htmx: bool
) -> None:
    answer = owner.submit("/whatsapp/settings", htmx=htmx, **FORM | fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    for name, value in fields.items():
        if name not in ("ack", "default_agent"):
            assert f'value="{value}"' in tag(answer, name)
    assert saved(services).version == 0


def test_limits_are_saved_shown_and_lifted(owner: Visitor, services: Services) -> None:
    limits = {"messages_per_minute": "12", "daily_cost_usd": "1,5"}
    switches = {"still_working": "y", "auto_compact": "y", "pause_on_own_message": "y"}
    owner.submit("/whatsapp/settings", **FORM | limits | switches)
    now = saved(services)
    assert (now.messages_per_minute, now.daily_cost_usd) == (12, Decimal("1.5"))
    assert now.still_working and now.auto_compact and now.pause_on_own_message
    page = owner.open("/whatsapp/")
    assert 'value="12"' in tag(page, "messages_per_minute")
    assert float(tag(page, "daily_cost_usd").split('value="')[1].split('"')[0]) == 1.5
    lifted = {"messages_per_minute": "", "daily_cost_usd": " "}
    owner.submit("/whatsapp/settings", **FORM | {"version": "1"} | lifted)
    now = saved(services)
    assert (now.messages_per_minute, now.daily_cost_usd) == (None, None)
    assert not (now.still_working or now.auto_compact or now.pause_on_own_message)
    assert 'value=""' in tag(owner.open("/whatsapp/"), "messages_per_minute")


def test_one_rare_emoji_is_kept(owner: Visitor, services: Services) -> None:
    family = "👨‍👩‍👧‍👦"
    owner.submit("/whatsapp/settings", **FORM | {"ack": "other", "ack_other": f" {family} "})
    assert saved(services).ack_emoji == family
    assert f'value="{family}"' in tag(owner.open("/whatsapp/"), "ack_other")


def test_a_comma_is_a_decimal_point_too(owner: Visitor, services: Services) -> None:
    owner.submit("/whatsapp/settings", **FORM | {"gather_ms": "0,6"})
    assert saved(services).gather_ms == 600


def test_before_the_first_save_an_agent_is_suggested(owner: Visitor) -> None:
    assert re.search(r'<option selected value="eric">', owner.open("/whatsapp/").text)


def test_an_agent_that_is_gone_is_shown_as_missing_and_can_stay(
    owner: Visitor, services: Services
) -> None:
    with services.db.write() as connection:
        settings.save(connection, Settings(default_agent="gone"), services.now())
    assert "gone (missing)" in words(owner.open("/whatsapp/"))
    owner.submit("/whatsapp/settings", **FORM | {"version": "1", "default_agent": "gone"})
    assert saved(services).version == 2


@pytest.mark.parametrize("htmx", [True, False])
def test_groups_are_a_choice(owner: Visitor, services: Services, htmx: bool) -> None:
    assert '<option selected value="ignore">Ignore groups' in owner.open("/whatsapp/").text
    owner.submit("/whatsapp/settings", htmx=htmx, **FORM | {"groups": "addressed"})
    assert saved(services).groups is Groups.ADDRESSED
    answer = owner.submit(
        "/whatsapp/settings", htmx=htmx, **FORM | {"version": "1", "groups": "everything"}
    )
    assert answer.status_code == 422 and saved(services).groups is Groups.ADDRESSED
