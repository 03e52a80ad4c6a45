"""GET and PUT /v1/whatsapp/config."""

import pytest

from core.link import End
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.account import audit
from tests.app.api.program import Api

CONFIG = "/whatsapp/config"
FRESH = {
    "enabled": False,
    "phoneNumber": None,
    "linked": False,
    "defaultAgentId": None,
    "stickyTtlMinutes": 30,
    "allowAll": False,
    "ackEmoji": None,
    "groups": "ignore",
    "version": 0,
}


def test_a_fresh_installation(api: Api) -> None:
    assert api.get(CONFIG) == FRESH


def test_a_linked_account_is_in_it(api: Api) -> None:
    with api.database.write() as connection:
        link.record_link(connection, Phone("+15551234567"), "DjinnBot", api.services.now())
    assert api.get(CONFIG) == FRESH | {"linked": True, "phoneNumber": "+15551234567"}
    with api.database.write() as connection:
        link.record_end(connection, End.REPLACED, api.services.now())
    assert api.get(CONFIG)["linked"] is True


def test_any_part_can_be_changed(api: Api) -> None:
    changes = [
        {"enabled": True},
        {"defaultAgentId": "finn"},
        {"stickyTtlMinutes": 5},
        {"allowAll": True},
        {"ackEmoji": "👀"},
        {"groups": "addressed"},
        {"groups": "ignore"},
    ]
    expected = dict(FRESH)
    for version, change in enumerate(changes, 1):
        expected |= change | {"version": version}
        assert api.put(CONFIG, change) == expected
    assert api.get(CONFIG) == expected


def test_all_of_it_at_once_and_unknown_fields_besides(api: Api) -> None:
    change = {"enabled": True, "defaultAgentId": "eric", "stickyTtlMinutes": 120, "ackEmoji": "🏗️"}
    other = {"phoneNumber": "+15550000000", "linked": True, "version": 77, "nonsense": [1]}
    assert api.put(CONFIG, change | other) == FRESH | change | {"version": 1}


def test_missing_and_null_leave_a_value_and_an_empty_text_clears_it(api: Api) -> None:
    """The original's panel leaves out what it wants cleared, which cleared nothing."""
    api.put(CONFIG, {"enabled": True, "defaultAgentId": "finn", "ackEmoji": "👍"})
    nothing = dict.fromkeys(
        ("enabled", "defaultAgentId", "stickyTtlMinutes", "allowAll", "ackEmoji", "groups")
    )
    assert api.put(CONFIG, nothing)["defaultAgentId"] == "finn"
    assert api.put(CONFIG, {})["ackEmoji"] == "👍"
    cleared = api.put(CONFIG, {"defaultAgentId": "", "ackEmoji": ""})
    assert (cleared["defaultAgentId"], cleared["ackEmoji"]) == (None, None)
    assert cleared["enabled"] is True


def test_saving_what_is_so_already_makes_no_version(api: Api) -> None:
    api.put(CONFIG, {"enabled": True})
    assert api.put(CONFIG, {"enabled": True})["version"] == 1


def test_what_the_panel_alone_can_set_stays(api: Api) -> None:
    with api.database.write() as connection:
        settings.save(connection, Settings(keep_held_text=True, gather_ms=0), api.services.now())
    api.put(CONFIG, {"allowAll": True})
    with api.database.read() as connection:
        kept = settings.load(connection)
    assert (kept.keep_held_text, kept.gather_ms, kept.allow_all) == (True, 0, True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"groups": "everything"}, "groups must be 'ignore' or 'addressed'."),
        ({"stickyTtlMinutes": 4}, "stickyTtlMinutes must be greater than or equal to 5."),
        ({"stickyTtlMinutes": 121}, "stickyTtlMinutes must be less than or equal to 120."),
        ({"stickyTtlMinutes": 10**30}, "stickyTtlMinutes must be less than or equal to 120."),
        ({"stickyTtlMinutes": True}, "stickyTtlMinutes must be a valid integer."),
        ({"stickyTtlMinutes": "30"}, "stickyTtlMinutes must be a valid integer."),
        ({"stickyTtlMinutes": 30.0}, "stickyTtlMinutes must be a valid integer."),
        ({"enabled": 1}, "enabled must be a valid boolean."),
        ({"enabled": "true"}, "enabled must be a valid boolean."),
        ({"allowAll": 0}, "allowAll must be a valid boolean."),
        ({"ackEmoji": "👀👀"}, "ackEmoji: Use exactly one emoji, for example 👀."),
        ({"ackEmoji": "ok"}, "ackEmoji: Use exactly one emoji, for example 👀."),
        ({"ackEmoji": 1}, "ackEmoji must be a valid string."),
        ({"defaultAgentId": "nobody"}, "defaultAgentId: There is no agent “nobody”."),
        ({"defaultAgentId": "Finn"}, "defaultAgentId: There is no agent “Finn”."),
        ({"defaultAgentId": ["finn"]}, "defaultAgentId must be a valid string."),
        (
            {"enabled": 2, "allowAll": 2},
            "enabled must be a valid boolean. allowAll must be a valid boolean.",
        ),
    ],
)
def test_a_bad_value_is_named_and_changes_nothing(
    api: Api, change: dict[str, object], sentence: str
) -> None:
    assert api.refused(422, "PUT", CONFIG, {"enabled": True} | change) == sentence
    assert api.get(CONFIG) == FRESH


def test_who_changed_what_is_written_down(api: Api) -> None:
    api.put(CONFIG, {"enabled": True, "ackEmoji": "👀"})
    api.put(CONFIG, {})
    with api.database.read() as connection:
        [act] = audit.list_acts(connection)
    assert (act.actor, act.action) == ("api:program", "settings saved")
    assert act.detail == "version: 0 → 1, enabled: False → True, ack_emoji: None → 👀"
