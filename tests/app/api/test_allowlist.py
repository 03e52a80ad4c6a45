"""/v1/whatsapp/allowlist."""

from datetime import UTC, datetime, timedelta

import pytest

from store.account import audit
from tests.app.api.program import Api

LIST = "/whatsapp/allowlist"
NOON = datetime(2026, 11, 22, 12, 0, 0, 123_999, tzinfo=UTC)


def test_nobody_is_on_it_at_first(api: Api) -> None:
    assert api.get(LIST) == {"entries": [], "total": 0}


def test_an_entry_is_added_and_listed(api: Api) -> None:
    api.services.now = lambda: NOON
    entry = api.post(
        LIST, {"phoneNumber": "+1 (555) 123-4567", "label": " Ada ", "defaultAgentId": "eric"}
    )
    assert entry == {
        "id": entry["id"],
        "phoneNumber": "+15551234567",
        "label": "Ada",
        "defaultAgentId": "eric",
        "createdAt": 1795348800123,
        "updatedAt": 1795348800123,
    }
    assert api.get(LIST) == {"entries": [entry], "total": 1}


def test_the_newest_comes_first(api: Api) -> None:
    patterns = ["+15551234567", "+1555*", "*"]
    for pattern in patterns:
        entry = api.post(LIST, {"phoneNumber": pattern, "label": "", "defaultAgentId": ""})
        assert (entry["label"], entry["defaultAgentId"]) == (None, None)
    listed = api.get(LIST)
    assert [entry["phoneNumber"] for entry in listed["entries"]] == patterns[::-1]
    assert listed["total"] == 3


def test_somebody_whose_number_is_hidden(api: Api) -> None:
    lid = "123456789012345@lid"
    entry = api.post(LIST, {"phoneNumber": lid, "label": "Dave"})
    assert (entry["phoneNumber"], entry["label"]) == (lid, "Dave")
    changed = api.put(f"{LIST}/{entry['id']}", {"defaultAgentId": "eric"})
    assert (changed["phoneNumber"], changed["defaultAgentId"]) == (lid, "eric")
    assert api.get(LIST)["entries"] == [changed]
    assert api.delete(f"{LIST}/{entry['id']}") == {"status": "ok", "id": entry["id"]}
    assert api.get(LIST)["total"] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "phoneNumber is required."),
        ({"phoneNumber": None}, "phoneNumber must be a valid string."),
        ({"phoneNumber": 15551234567}, "phoneNumber must be a valid string."),
        ({"phoneNumber": ""}, "phoneNumber: Start with +"),
        ({"phoneNumber": "0821234567"}, "phoneNumber: Start with +"),
        ({"phoneNumber": "+1*555"}, "phoneNumber: A prefix is +"),
        ({"phoneNumber": "+1" * 200}, "phoneNumber: String should have at most 100 characters."),
        ({"phoneNumber": "120363000000000000@g.us"}, "phoneNumber: Start with +"),
        ({"phoneNumber": "*", "label": "x" * 201}, "label: String should have at most 200"),
        ({"phoneNumber": "*", "label": "a\0b"}, "label: Control characters"),
        ({"phoneNumber": "*", "label": 5}, "label must be a valid string."),
        ({"phoneNumber": "*", "defaultAgentId": "x"}, "defaultAgentId: There is no agent “x”."),
    ],
)
def test_a_bad_entry_is_refused(api: Api, body: dict[str, object], words: str) -> None:
    assert words in api.refused(422, "POST", LIST, body)
    assert api.get(LIST)["total"] == 0


def test_a_number_is_on_it_once(api: Api) -> None:
    api.post(LIST, {"phoneNumber": "+15551234567"})
    sentence = api.refused(409, "POST", LIST, {"phoneNumber": "+1 555 123 4567"})
    assert sentence == "+15551234567 is on the allowlist already."
    assert api.get(LIST)["total"] == 1


def test_any_part_of_an_entry_can_be_changed(api: Api) -> None:
    api.services.now = lambda: NOON
    entry = api.post(LIST, {"phoneNumber": "+1555*", "label": "Us", "defaultAgentId": "finn"})
    api.services.now = lambda: NOON + timedelta(seconds=1)
    path = f"{LIST}/{entry['id']}"
    entry |= {"updatedAt": entry["createdAt"] + 1000}
    assert api.put(path, {}) == entry
    assert api.put(path, {"phoneNumber": None, "label": None, "defaultAgentId": None}) == entry
    assert api.put(path, {"phoneNumber": "+1 555 00*"}) == entry | {"phoneNumber": "+155500*"}
    assert api.put(path, {"label": "Ada"})["label"] == "Ada"
    assert api.put(path, {"defaultAgentId": "eric"})["defaultAgentId"] == "eric"
    cleared = api.put(path, {"defaultAgentId": "", "label": ""})
    assert (cleared["defaultAgentId"], cleared["label"]) == (None, None)
    assert api.get(LIST)["entries"] == [cleared]


def test_a_change_that_can_not_be_leaves_all_as_it_was(api: Api) -> None:
    first = api.post(LIST, {"phoneNumber": "+15551234567"})
    second = api.post(LIST, {"phoneNumber": "+15557654321"})
    path = f"{LIST}/{second['id']}"
    api.refused(409, "PUT", path, {"phoneNumber": "+15551234567", "label": "Ada"})
    api.refused(422, "PUT", path, {"label": "Ada", "phoneNumber": "555"})
    api.refused(422, "PUT", path, {"label": "Ada", "defaultAgentId": "nobody"})
    assert api.get(LIST)["entries"] == [second, first]


def test_an_entry_that_is_not_there(api: Api) -> None:
    assert api.refused(404, "PUT", f"{LIST}/7", {"label": "x"}) == "Allowlist entry not found"
    assert api.delete(f"{LIST}/7") == {"status": "ok", "id": 7}


def test_an_entry_is_removed(api: Api) -> None:
    entry = api.post(LIST, {"phoneNumber": "*"})
    for _ in range(2):
        assert api.delete(f"{LIST}/{entry['id']}") == {"status": "ok", "id": entry["id"]}
    assert api.get(LIST)["total"] == 0


def test_who_changed_what_is_written_down(api: Api) -> None:
    entry = api.post(LIST, {"phoneNumber": "*"})
    api.refused(409, "POST", LIST, {"phoneNumber": "*"})
    api.put(
        f"{LIST}/{entry['id']}", {"phoneNumber": "+1*", "label": "US", "defaultAgentId": "eric"}
    )
    for _ in range(2):
        api.delete(f"{LIST}/{entry['id']}")
    with api.database.read() as connection:
        acts = [(act.actor, act.action, act.detail) for act in audit.list_acts(connection)]
    assert acts == [
        ("api:program", "allowlist removed", "+1*, US, agent eric"),
        ("api:program", "allowlist changed", "+1*, US, agent eric"),
        ("api:program", "allowlist added", "*"),
    ]
