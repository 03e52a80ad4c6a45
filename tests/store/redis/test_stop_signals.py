"""The call that a turn is to be stopped."""

from redis import Redis

from store.redis.stop_signals import Stops
from tests.waiting import PATIENCE


def test_each_process_hears_each_call(redis: Redis) -> None:
    caller, one, other = Stops(redis), Stops(redis), Stops(redis)
    caller.call(1)  # to nobody
    for each in (one, other):
        assert each.wait_for_call(0) is None, "it listens from here on"
    caller.call(7)
    caller.call(8)
    for each in (one, other):
        assert [each.wait_for_call(PATIENCE), each.wait_for_call(PATIENCE)] == [7, 8]
        assert each.wait_for_call(0) is None
        each.close()
