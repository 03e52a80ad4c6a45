"""How jobs tell each other, over Redis, that a turn is to be stopped.

The wish itself is a waiting `/stop` in SQL: who hears the call looks there. When Redis loses the
call, the turn is stopped some seconds later, with the next renewal of its lease.
"""

from redis import Redis

_CHANNEL = "djinn:stop"
_CONFIRM_SECONDS = 5.0  # until Redis has said that we listen


class Stops:
    """One per process. `call` from any thread, `wait_for_call` from one."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]

    def call(self, chat_id: int) -> None:
        """Tell all processes that a member of this chat wants the turn at work to end."""
        self._redis.publish(_CHANNEL, chat_id)

    def wait_for_call(self, timeout: float) -> int | None:
        """A chat that was called, None after so many seconds. The first call begins to listen, and
        what is called after it has returned is heard."""
        if not self._pubsub.subscribed:
            self._pubsub.subscribe(_CHANNEL)
            self._pubsub.get_message(timeout=_CONFIRM_SECONDS)
        message = self._pubsub.get_message(timeout=timeout)
        return int(message["data"]) if message else None

    def close(self) -> None:
        self._pubsub.close()
