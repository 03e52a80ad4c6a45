"""The page's server: who may use it, what it tells, and what it carries out."""

import io

import pytest
from flask.testing import FlaskClient

from demo.web import COOKIE, NO_QR
from tests.demo.conftest import KEY, Hands

PAGES = ("/", "/stream", "/wire", "/panel/", "/panel/whatsapp/", "/file/+15550002001/3A")


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_sees_nothing(stranger: FlaskClient, address: str) -> None:
    answer = stranger.get(address)
    assert answer.status_code == 401
    assert "Open the demo by its link" in answer.text


def test_a_stranger_does_nothing(stranger: FlaskClient, hands: Hands) -> None:
    order = {"phone": hands.alice.number, "to": hands.bob.number, "text": "boo"}
    assert stranger.post("/do/say", json=order).status_code == 401
    assert hands.shown(hands.bob) == []


def test_a_wrong_key_opens_nothing(stranger: FlaskClient) -> None:
    assert stranger.get("/enter/guessed").status_code == 401
    assert stranger.get_cookie(COOKIE) is None


def test_the_key_opens_the_page_under_a_strict_policy(stranger: FlaskClient) -> None:
    answer = stranger.get(f"/enter/{KEY}", follow_redirects=True)
    assert answer.status_code == 200
    assert "What can go wrong" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    cookie = stranger.get_cookie(COOKIE)
    assert cookie and cookie.http_only and cookie.same_site == "Strict"


def test_what_is_done_is_carried_out_and_what_cannot_be_is_said(
    client: FlaskClient, hands: Hands
) -> None:
    order = {"phone": hands.alice.number, "to": hands.bob.number, "text": "Hello"}
    assert client.post("/do/say", json=order).status_code == 204
    assert [message["text"] for message in hands.shown(hands.bob)] == ["Hello"]
    refused = client.post("/do/say", json={**order, "text": ""})
    assert (refused.status_code, refused.json) == (422, {"sentence": "There is nothing to send."})


@pytest.mark.parametrize("order", [{"phone": 7}, {"text": "x" * 4001}, {"what": "else"}, []])
def test_an_order_that_makes_no_sense_is_refused(client: FlaskClient, order: object) -> None:
    answer = client.post("/do/say", json=order)
    assert answer.status_code == 422 and answer.json["sentence"].startswith("That can't be")


def test_an_order_must_be_json_which_no_other_site_can_send(client: FlaskClient) -> None:
    assert client.post("/do/back_to_normal", data="{}").status_code == 415
    assert client.post("/do/nothing", json={}).status_code == 404


def test_files_of_messages_are_served_pictures_to_look_at_the_rest_to_keep(
    client: FlaskClient, hands: Hands
) -> None:
    for sample in ("picture", "document"):
        hands.do("attach", hands.alice, hands.bob, sample=sample)
    picture, document = (
        client.get(f"/file/{hands.bob.number}/{message['id']}")
        for message in hands.shown(hands.bob)
    )
    assert picture.mimetype == "image/png" and picture.data.startswith(b"\x89PNG")
    assert document.headers["Content-Disposition"] == "attachment; filename=opening-hours.txt"
    assert client.get(f"/file/{hands.bob.number}/unknown").status_code == 404
    assert client.get("/file/+15559999999/unknown").status_code == 404


def test_a_page_that_somebody_sends_is_no_page_of_ours(client: FlaskClient, hands: Hands) -> None:
    file = (io.BytesIO(b"<script>alert(1)</script>"), "page.html", "text/html")
    place = f"/send/{hands.alice.number}/{hands.bob.number}"
    assert client.post(place, data={"file": file}).status_code == 204
    [message] = hands.shown(hands.bob)
    answer = client.get(f"/file/{hands.bob.number}/{message['id']}")
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_picture_of_one_s_own_is_sent_as_a_picture(client: FlaskClient, hands: Hands) -> None:
    place = f"/send/{hands.alice.number}/{hands.bob.number}"
    client.post(place, data={"file": (io.BytesIO(b"GIF89a"), "me.gif", "image/gif")})
    assert [message["matter"]["kind"] for message in hands.shown(hands.bob)] == ["picture"]
    assert client.post(place, data={}).status_code == 422


def test_without_a_qr_code_there_is_nothing_to_scan(client: FlaskClient, hands: Hands) -> None:
    answer = client.post("/do/scan", json={"phone": hands.owner.number})
    assert (answer.status_code, answer.json) == (422, {"sentence": NO_QR})
