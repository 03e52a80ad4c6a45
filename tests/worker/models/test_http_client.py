"""What is sent again, how often, and after which wait."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from httpx2 import (
    ConnectError,
    ConnectTimeout,
    MockTransport,
    ReadError,
    ReadTimeout,
    RemoteProtocolError,
    Request,
    Response,
)

from worker.models.http_client import CONNECT_SECONDS, LONGEST_WAIT, TRIES, PatientClient

Answer = Callable[[], Response]


class Provider:
    """Answers with what is in the script; the last goes on."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self.waits: list[float] = []

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return (self.script.pop(0) if len(self.script) > 1 else self.script[0])()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def asked(self) -> int:
        async with PatientClient(
            60, sleep=self.sleep, transport=MockTransport(self.answer)
        ) as client:
            return (await client.post("http://provider.test/", json={"ask": 1})).status_code


def status(code: int, body: str = "no", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: Response(code, text=body, headers=named)


def broken(error: type[Exception]) -> Answer:
    def answer() -> Response:
        raise error("the wire")

    return answer


OK = status(200, "yes")


@pytest.mark.parametrize("code", [200, 400, 401, 402, 403, 404, 413, 422])
async def test_the_last_word_is_taken_at_once(code: int) -> None:
    provider = Provider(status(code))
    assert await provider.asked() == code
    assert len(provider.requests) == 1 and not provider.waits


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504, 529])
async def test_what_may_pass_is_tried_again_but_not_for_ever(code: int) -> None:
    provider = Provider(status(code))
    assert await provider.asked() == code
    assert len(provider.requests) == TRIES and len(provider.waits) == TRIES - 1


@pytest.mark.parametrize("error", [ConnectError, ConnectTimeout, ReadError, RemoteProtocolError])
async def test_a_broken_wire_is_tried_again(error: type[Exception]) -> None:
    provider = Provider(broken(error), OK)
    assert await provider.asked() == 200
    assert len(provider.requests) == 2
    provider = Provider(broken(error))
    with pytest.raises(error):
        await provider.asked()
    assert len(provider.requests) == TRIES


async def test_silence_is_not_tried_again() -> None:
    provider = Provider(broken(ReadTimeout))
    with pytest.raises(ReadTimeout):
        await provider.asked()
    assert len(provider.requests) == 1


async def test_the_request_is_the_same_again() -> None:
    provider = Provider(status(503), OK)
    await provider.asked()
    assert {request.content for request in provider.requests} == {b'{"ask":1}'}


async def test_waits_grow_and_are_not_in_step() -> None:
    seen = set()
    for _ in range(20):
        provider = Provider(status(500))
        await provider.asked()
        first, second = provider.waits
        assert 0.75 <= first <= 1.25 and 1.5 <= second <= 2.5
        seen.add(first)
    assert len(seen) > 1


@pytest.mark.parametrize(("said", "waited"), [("7", 7), ("0", 0), ("0.5", 0.5), ("-3", 0)])
async def test_the_provider_says_how_long(said: str, waited: float) -> None:
    provider = Provider(status(429, retry_after=said), OK)
    assert await provider.asked() == 200
    assert provider.waits == [waited]


async def test_the_provider_says_until_when() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=15), usegmt=True)
    provider = Provider(status(503, retry_after=until), OK)
    assert await provider.asked() == 200
    [waited] = provider.waits
    assert 0 < waited <= 15


@pytest.mark.parametrize("said", ["3600", "inf", str(LONGEST_WAIT + 1)])
async def test_for_too_long_nobody_waits(said: str) -> None:
    provider = Provider(status(429, retry_after=said))
    assert await provider.asked() == 429
    assert len(provider.requests) == 1


@pytest.mark.parametrize("said", ["", "soon", "Wed, 99 Nov 2026"])
async def test_what_cant_be_read_is_not_followed(said: str) -> None:
    provider = Provider(status(429, retry_after=said), OK)
    assert await provider.asked() == 200
    assert 0.75 <= provider.waits[0] <= 1.25


async def test_an_empty_account_is_not_tried_again() -> None:
    provider = Provider(status(429, '{"error": {"code": "insufficient_quota"}}'))
    assert await provider.asked() == 429
    assert len(provider.requests) == 1


async def test_the_provider_may_forbid_it() -> None:
    provider = Provider(status(500, x_should_retry="false"))
    await provider.asked()
    assert len(provider.requests) == 1


async def test_a_server_that_is_not_there_is_known_soon() -> None:
    provider = Provider(OK)
    async with PatientClient(600, transport=MockTransport(provider.answer)) as client:
        await client.post("http://provider.test/")
        await client.post("http://provider.test/", timeout=600)
    for request in provider.requests:
        assert request.extensions["timeout"]["connect"] == CONNECT_SECONDS
        assert request.extensions["timeout"]["read"] == 600


async def test_a_failure_that_is_streamed_can_be_read() -> None:
    provider = Provider(status(429, "why"))
    async with (
        PatientClient(60, sleep=provider.sleep, transport=MockTransport(provider.answer)) as client,
        client.stream("POST", "http://provider.test/") as response,
    ):
        assert await response.aread() == b"why"
    assert len(provider.requests) == TRIES
