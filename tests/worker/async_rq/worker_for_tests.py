"""Worker processes, and a Valkey that can be killed, for the tests of the worker."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Self

from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus
from rq.worker import BaseWorker

from store.redis import valkey
from tests.services.processes import Spawned, Spawner
from tests.waiting import until

SOON = {"job_monitoring_interval": 1, "lost_after": 2, "maintenance_interval": 1}


def start_worker(spawn: Spawner, url: str, **options: Any) -> Spawned:
    """A worker process of the queue `turns`, with short leases. It takes jobs when this returns,
    so it has registered, subscribed to commands and set its signal handlers."""
    process = spawn("-m", "tests.worker.async_rq.jobs_for_tests", url, json.dumps(SOON | options))

    def takes_jobs() -> bool:
        assert process.is_running, process.output()
        workers = {worker.pid: worker.get_state() for worker in BaseWorker.all(connection=redis)}
        return workers.get(process.pid) in ("idle", "busy")

    with valkey.connect(url) as redis:
        until(takes_jobs, "a worker that takes jobs")
    return process


def status(job: Job) -> JobStatus | None:
    return job.get_status(refresh=True)


def wait_until(job: Job, wanted: JobStatus) -> None:
    until(lambda: status(job) == wanted, f"{job.description} to be {wanted.value}")


def wait_until_entered(redis: Redis, count: int) -> None:
    """Until `count` jobs that say so have begun."""
    until(lambda: redis.llen("entered") == count, f"{count} jobs to begin")


def wait_until_nothing_is_left(queue: Queue) -> None:
    """No job queued, in between or running, and no execution."""
    redis = queue.connection
    keys = [queue.key, queue.intermediate_queue_key, queue.started_job_registry.key]
    until(
        lambda: not redis.exists(*keys) and not list(redis.scan_iter("rq:execution:*")),
        "everything to be cleaned up",
    )


class MortalValkey:
    """A server that keeps what it holds, can be killed, and comes back."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="vk-", dir="/tmp")
        self.folder = Path(self._folder.name)
        self.socket = self.folder / "s"
        self.url = f"unix://{self.socket}?db=0"
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        command = valkey.build_server_command(valkey.find_server(), self.socket, self.folder)
        with (self.folder / "log").open("ab") as output:
            self._server = subprocess.Popen(command, stdout=output, stderr=output)
        with valkey.connect(self.url) as client:
            valkey.wait_ready(client)

    def kill(self) -> None:
        """SIGKILL: no goodbye to clients, nothing flushed."""
        self._server.kill()
        self._server.wait()
