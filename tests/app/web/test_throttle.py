"""How often a program may ask, with a key and without a right one."""

import pytest

from app.web import throttle
from store.redis import valkey
from tests.app.api.program import Api

CONFIG = "/whatsapp/config"
LIMIT = 3


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PER_API_KEY", LIMIT)
    monkeypatch.setattr(throttle, "WRONG_API_KEYS", LIMIT)


def codes(api: Api, times: int, **options: object) -> list[int]:
    return [api.call("GET", CONFIG, **options).status_code for _ in range(times)]


def from_address(address: str) -> dict[str, object]:
    return {"environ_base": {"REMOTE_ADDR": address}}


def test_a_key_that_asks_too_often(api: Api) -> None:
    assert codes(api, LIMIT + 2) == [200] * LIMIT + [429] * 2
    refused = api.call("GET", CONFIG)
    seconds = int(refused.headers["Retry-After"])
    assert 1 <= seconds <= throttle.API_WINDOW
    assert refused.json["detail"].startswith("Too many requests with this API key. Wait ")


def test_each_key_is_counted_for_itself_and_refusals_count_too(api: Api) -> None:
    other = api.with_scopes("link")
    codes(api, LIMIT + 1)
    assert codes(other, LIMIT + 1) == [403] * LIMIT + [429]


def test_it_ends_with_the_window(api: Api) -> None:
    codes(api, LIMIT + 1)
    for key in api.live.redis.scan_iter(match="djinn:throttle:*"):
        assert 0 < api.live.redis.ttl(key) <= throttle.API_WINDOW
        api.live.redis.delete(key)  # as it goes by itself
    assert codes(api, 1) == [200]


@pytest.mark.parametrize("key", ["", "djinn_wrong"])
def test_an_address_without_a_right_key(api: Api, key: str) -> None:
    stranger = api.with_key(key)
    assert codes(stranger, LIMIT + 1) == [401] * LIMIT + [429]
    refused = stranger.call("GET", CONFIG)
    assert int(refused.headers["Retry-After"]) >= 1
    assert "without a valid API key" in refused.json["detail"]
    assert codes(stranger, 1, **from_address("127.0.0.2")) == [401]


def test_a_right_key_is_not_locked_out_by_its_neighbours(api: Api) -> None:
    codes(api.with_key("djinn_wrong"), LIMIT + 1)
    assert codes(api, 1) == [200]


def test_without_redis_nobody_is_refused(api: Api) -> None:
    api.services.live.redis.close()
    api.services.live.redis = valkey.connect("unix:///nowhere/valkey.sock")
    assert codes(api, LIMIT + 2) == [200] * (LIMIT + 2)
    assert codes(api.with_key("wrong"), LIMIT + 2) == [401] * (LIMIT + 2)


def test_the_description_is_open_to_all_always(api: Api) -> None:
    stranger = api.with_key("")
    codes(stranger, LIMIT + 1)
    assert stranger.call("GET", "/openapi.json").status_code == 200


def test_what_was_typed_is_not_kept(api: Api) -> None:
    with api.app.test_request_context():
        assert throttle.Throttle.of_login("127.0.0.1", "my secret").seconds_to_wait() == 0
    keys = [key.decode() for key in api.live.redis.scan_iter(match="djinn:throttle:*")]
    assert len(keys) == 2 and not any("secret" in key for key in keys)


def test_the_window_begins_with_the_first_attempt_and_may_be_forgotten(api: Api) -> None:
    with api.app.test_request_context():
        second_factor = throttle.Throttle.of_second_factor()
        assert [second_factor.seconds_to_wait() for _ in range(throttle.PER_SECOND_FACTOR)] == (
            [0] * throttle.PER_SECOND_FACTOR
        )
        (key,) = api.live.redis.scan_iter(match="djinn:throttle:account*")
        api.live.redis.expire(key, 100)
        assert 99 <= second_factor.seconds_to_wait() <= 100
        second_factor.forget()
        assert second_factor.seconds_to_wait() == 0
