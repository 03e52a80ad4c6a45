"""The processes of the panel tell that they live, however their server starts them."""

import httpx
import pytest
from redis import Redis

from store.redis.live import Live
from tests.services.processes import Spawner
from tests.waiting import until


@pytest.mark.parametrize("preload", [False, True])
def test_each_process_that_serves_tells_that_it_lives(
    spawn: Spawner, database_url: str, valkey_url: str, redis: Redis, free_port: int, preload: bool
) -> None:
    address = f"127.0.0.1:{free_port}"
    log = ["--access-logfile", "-", "--access-logformat", "served by %(p)s"]
    options = ["-w", "2", "-k", "gthread", "--no-control-socket", "-b", address, *log]
    server = spawn(
        *("-m", "gunicorn", *options, *(["--preload"] if preload else []), "wsgi:app"),
        env={"DATABASE_URL": database_url, "REDIS_URL": valkey_url},
    )
    live = Live(redis)

    def find_pids() -> set[int] | None:
        pids = {beat.pid for beat in live.list_heartbeats("web")}
        return pids if len(pids) == 2 and server.pid not in pids else None

    pids = until(find_pids, "two signs of life, and none of the parent")

    def have_served() -> bool:
        httpx.get(f"http://{address}/up", headers={"Connection": "close"})
        return all(f"served by <{pid}>" in server.output() for pid in pids)

    # A process that was forked a moment ago has the parent's handler of SIGTERM: it would not end.
    until(have_served, "both to have served")
    assert server.stop() == 0
    assert live.list_heartbeats("web") == []
