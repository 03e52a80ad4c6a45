"""The WhatsApp lock on a real Valkey.

None of these tests looks at a clock: a lock's end is seen in Valkey, where it expires. Its TTL is
the real one, which no busy machine exceeds; that time goes by is said to Valkey.
"""

import signal
import threading
from collections.abc import Iterator

import pytest
from redis import Redis, RedisError

from store.redis.valkey import connect
from tests.waiting import PATIENCE, until
from tests.worker.async_rq.worker_for_tests import MortalValkey
from worker.supervisor import lock
from worker.supervisor.lock import KEY, TTL, WhatsAppLock


@pytest.fixture(autouse=True)
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is renewed, and tried again, every tenth of a second."""
    for name in ("RENEW_EVERY", "RETRY_EVERY"):
        monkeypatch.setattr(lock, name, 0.1 / TTL)


@pytest.fixture
def resigned(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up after three seconds instead of twenty."""
    monkeypatch.setattr(lock, "MARGIN", 1 - 3 / TTL)


class Worker:
    """One that wants the lock. `lost` is set once its connection has ended."""

    def __init__(self, url: str, *, ttl: float = TTL) -> None:
        self.lost = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        self.lock = WhatsAppLock(url, self._end, ttl=ttl)

    def _end(self) -> None:
        assert self.may_end.wait(PATIENCE)
        self.lost.set()

    def leave(self) -> None:
        self.may_end.set()
        self.lock.release()
        self.lock.close()


@pytest.fixture
def workers(redis: Redis, valkey_url: str) -> Iterator[list[Worker]]:
    """Two, on the Valkey that all tests share."""
    both = [Worker(valkey_url), Worker(valkey_url)]
    yield both
    for each in both:
        each.leave()


def renewals(redis: Redis) -> int:
    """How often it has been renewed: its script is the only one here."""
    return int(redis.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))


def test_only_one_has_it(workers):
    first, second = workers
    assert first.lock.acquire() and first.lock.is_held
    assert not second.lock.acquire() and not second.lock.is_held


def test_it_is_the_others_at_once_when_given_up(workers):
    first, second = workers
    first.lock.acquire()
    first.lock.release()
    assert not first.lock.is_held
    assert second.lock.acquire() and second.lock.is_held
    assert not first.lost.is_set()


def test_it_can_be_taken_again(workers):
    first, _ = workers
    for _ in range(3):
        assert first.lock.acquire()
        first.lock.release()


def test_giving_up_what_one_does_not_have_does_no_harm(workers):
    first, second = workers
    first.lock.acquire()
    second.lock.release()
    assert first.lock.is_held and not second.lock.acquire()


def test_it_is_kept_beyond_its_time(workers, redis: Redis):
    first, second = workers
    first.lock.acquire()
    token = redis.get(KEY)
    redis.expire(KEY, 10)
    until(lambda: redis.ttl(KEY) > 20, "a renewal")
    assert redis.get(KEY) == token and not second.lock.acquire() and not first.lost.is_set()


def test_it_runs_out_when_its_holder_is_dead(workers, redis: Redis):
    """As after SIGKILL: nobody renews it, nobody gives it up."""
    first, second = workers
    first.lock.acquire()
    first.lock._let_go.set()
    first.lock._keeper.join()
    assert 0 < redis.ttl(KEY) <= TTL and not second.lock.acquire()
    redis.pexpire(KEY, 100)
    until(second.lock.acquire, "the lock to run out")


@pytest.mark.parametrize("spoil", ["delete", "overwrite"])
def test_when_it_is_not_ours_any_more_the_connection_ends(workers, redis: Redis, spoil):
    first, _ = workers
    first.lock.acquire()
    if spoil == "delete":
        redis.delete(KEY)
    else:
        redis.set(KEY, "another's")
    assert first.lost.wait(PATIENCE)
    assert not first.lock.is_held
    first.lock.release()
    assert redis.get(KEY) == (None if spoil == "delete" else b"another's")


def test_it_does_not_count_as_held_while_the_connection_ends(workers, redis: Redis):
    first, _ = workers
    first.may_end.clear()
    first.lock.acquire()
    redis.delete(KEY)
    until(lambda: not first.lock.is_held, "the loss to be noticed")
    assert not first.lost.is_set()


def test_giving_it_up_after_a_loss_waits_until_the_connection_has_ended(workers, redis: Redis):
    first, _ = workers
    first.may_end.clear()
    first.lock.acquire()
    redis.delete(KEY)
    until(lambda: not first.lock.is_held, "the loss to be noticed")
    giving_up = threading.Thread(target=first.lock.release)
    giving_up.start()
    assert giving_up.is_alive() and not first.lost.is_set()
    first.may_end.set()
    giving_up.join(PATIENCE)
    assert first.lost.is_set()


# When Valkey goes away --------------------------------------------------------------------------


class Valkey(MortalValkey):
    """It can hang, too."""

    def stop(self) -> None:
        self._server.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._server.send_signal(signal.SIGCONT)


@pytest.fixture
def server() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def test_a_short_outage_costs_nothing(server: Valkey):
    worker = Worker(server.url)
    worker.lock.acquire()
    server.kill()
    server.start()
    with connect(server.url) as redis:
        token = redis.get(KEY)
        until(lambda: renewals(redis) >= 2, "renewals with the new server")
        assert token and redis.get(KEY) == token
    assert worker.lock.is_held and not worker.lost.is_set()
    worker.leave()


@pytest.mark.usefixtures("resigned")
def test_when_valkey_is_gone_the_connection_ends(server: Valkey):
    worker = Worker(server.url)
    worker.lock.acquire()
    server.kill()
    assert worker.lost.wait(PATIENCE)
    assert not worker.lock.is_held
    worker.leave()


def test_when_valkey_hangs_the_connection_ends_before_another_can_have_the_lock(server: Valkey):
    """It counts on while it does not answer, so the lock is still there when it wakes up."""
    worker = Worker(server.url, ttl=12)  # it takes two thirds of that
    worker.lock.acquire()
    server.stop()
    assert worker.lost.wait(PATIENCE)
    server.resume()
    with connect(server.url) as redis:
        assert redis.get(KEY)
    worker.leave()


def test_without_valkey_nobody_has_it(server: Valkey):
    worker = Worker(server.url)
    server.kill()
    with pytest.raises(RedisError):
        worker.lock.acquire()
    assert not worker.lock.is_held
    server.start()
    assert worker.lock.acquire()
    worker.leave()
