"""/v1/agents/{agent_id}/messaging-permissions."""

from datetime import UTC, datetime

import pytest

from core.admission.allowlist import Pattern
from store.account import audit
from store.agents import permissions
from tests.app.api.program import Api

FINN = "/agents/finn/messaging-permissions"
ERIC = "/agents/eric/messaging-permissions"
NOON = datetime(2026, 11, 22, 12, 0, 0, 123_999, tzinfo=UTC)
ADA = {"channel": "whatsapp", "target": "+15551234567", "label": "Ada"}


def acts(api: Api) -> list[str]:
    with api.database.read() as connection:
        return [f"{act.action} {act.detail}" for act in reversed(audit.list_acts(connection))]


def test_nobody_is_permitted_at_first(api: Api) -> None:
    assert api.get(FINN) == {"permissions": [], "total": 0}
    assert api.get(f"{FINN}?channel=whatsapp") == {"permissions": [], "total": 0}


def test_a_permission_is_added_and_listed(api: Api) -> None:
    api.services.now = lambda: NOON
    given = api.post(FINN, ADA)
    assert given == {
        "id": given["id"],
        "agentId": "finn",
        "channel": "whatsapp",
        "target": "+15551234567",
        "label": "Ada",
        "createdAt": 1795348800123,
        "updatedAt": 1795348800123,
    }
    assert api.get(FINN) == {"permissions": [given], "total": 1}
    assert api.get(ERIC)["total"] == 0
    assert acts(api) == ["permission added finn: +15551234567"]


def test_targets_are_read_as_on_the_allowlist(api: Api) -> None:
    for typed, stored in (
        ("00 1 555 123 4567", "+15551234567"),
        ("+1 555 *", "+1555*"),
        ("*", "*"),
    ):
        assert api.post(FINN, {"channel": "whatsapp", "target": typed})["target"] == stored


def test_replacing_takes_all_else_away(api: Api) -> None:
    api.post(FINN, ADA)
    api.post(ERIC, ADA)
    wanted = [{"channel": "whatsapp", "target": target} for target in ("+1555*", "*")]
    given = api.put(FINN, {"channel": "whatsapp", "permissions": wanted})
    assert [each["target"] for each in given["permissions"]] == ["*", "+1555*"]
    assert given == api.get(FINN)
    assert api.get(ERIC)["total"] == 1
    assert api.put(FINN, {"channel": "whatsapp", "permissions": []})["total"] == 0
    assert acts(api)[2:] == [
        "permissions replaced finn: *, +1555*",
        "permissions replaced finn: nobody",
    ]


def test_replacing_with_one_target_twice_changes_nothing(api: Api) -> None:
    given = api.post(FINN, ADA)
    body = {"channel": "whatsapp", "permissions": [{"target": "*"}, {"target": " * "}]}
    assert "already" in api.refused(409, "PUT", FINN, body)
    assert api.get(FINN) == {"permissions": [given], "total": 1}
    assert len(acts(api)) == 1


def test_the_same_again_is_a_conflict(api: Api) -> None:
    api.post(FINN, ADA)
    sentence = api.refused(409, "POST", FINN, ADA)
    assert sentence == "finn may write to +15551234567 already."
    assert api.get(FINN)["total"] == 1


def test_removing(api: Api) -> None:
    given = api.post(FINN, ADA)
    assert api.delete(f"{FINN}/{given['id']}") == {"status": "ok", "id": given["id"]}
    assert api.get(FINN)["total"] == 0
    assert api.refused(404, "DELETE", f"{FINN}/{given['id']}") == "Permission not found"
    assert acts(api)[1:] == ["permission removed finn: +15551234567"]


def test_of_another_agent_nothing_is_removed(api: Api) -> None:
    given = api.post(FINN, ADA)
    api.refused(404, "DELETE", f"{ERIC}/{given['id']}")
    assert api.get(FINN)["total"] == 1


def test_what_an_agent_that_is_gone_has_left_can_be_seen_and_removed(api: Api) -> None:
    with api.database.write() as connection:
        left = permissions.add(connection, "gone", Pattern("*"), None, NOON)
    path = "/agents/gone/messaging-permissions"
    assert api.get(path)["total"] == 1
    assert api.refused(404, "POST", path, ADA) == "There is no agent “gone”."
    api.refused(404, "PUT", path, {"permissions": []})
    api.delete(f"{path}/{left.id}")
    assert api.get(path)["total"] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "target is required."),
        ({"target": "0821234567"}, "target: Start with + and the country code"),
        ({"target": "123@lid"}, "target: Agents write to numbers. A hidden id is none."),
        ({"target": 15551234567}, "target must be a valid string."),
        ({"target": "*", "channel": "telegram"}, "channel must be 'whatsapp'."),
        ({"target": "*", "label": "x" * 201}, "label:"),
        ({"target": "*", "label": "a\nb"}, "label: Control characters"),
    ],
)
def test_bad_fields_have_a_sentence(api: Api, body: object, words: str) -> None:
    assert words in api.refused(422, "POST", FINN, body)
    assert api.get(FINN)["total"] == 0


def test_other_channels_do_not_exist(api: Api) -> None:
    assert api.refused(422, "GET", f"{FINN}?channel=telegram").startswith("channel: ")


def test_there_is_an_end_to_permissions_in_one_request(api: Api) -> None:
    body = {"permissions": [{"target": "*"}] * 1001}
    assert "permissions" in api.refused(422, "PUT", FINN, body)


def test_a_scope_of_its_own(api: Api) -> None:
    other = api.with_scopes("send", "allowlist")
    assert "permissions" in other.refused(403, "GET", FINN)
    assert api.with_scopes("permissions").get(FINN)["total"] == 0
