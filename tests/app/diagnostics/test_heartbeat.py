"""The processes of the panel tell that they live, however their server starts them."""

import pytest
from redis import Redis

from store.redis.live import Live
from tests.services.processes import Spawner
from tests.waiting import until


@pytest.mark.parametrize("preload", [False, True])
def test_each_process_that_serves_tells_that_it_lives(
    spawn: Spawner, database_url: str, valkey_url: str, redis: Redis, free_port: int, preload: bool
) -> None:
    options = ["-w", "2", "-k", "gthread", "--no-control-socket", "-b", f"127.0.0.1:{free_port}"]
    server = spawn(
        *("-m", "gunicorn", *options, *(["--preload"] if preload else []), "wsgi:app"),
        env={"DATABASE_URL": database_url, "REDIS_URL": valkey_url},
    )
    live = Live(redis)

    def both() -> bool:
        pids = {beat.pid for beat in live.list_heartbeats("web")}
        return len(pids) == 2 and server.pid not in pids

    until(both, "two signs of life, and none of the parent")
    assert server.stop() == 0
    assert live.list_heartbeats("web") == []
