"""`/metrics`, for Prometheus: counted in SQL and Redis at the moment it is asked, so that every
process of the panel says the same and none has to remember anything.

It wants an API key, also from this machine: behind a proxy all requests come from there.
"""

from collections.abc import Iterator

from flask import Blueprint, Response, current_app, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import RedisError

from app.api import problems
from app.api.keys import authorise
from app.web.ext import db, live
from core.states import ON_THE_WAY, TurnState
from store import link
from store.pages import metrics
from store.pages.metrics import Counts
from store.redis.queue import Turns

bp = Blueprint("metrics", __name__)
problems.answer_in_json(bp)


@bp.get("/metrics")
def report_metrics() -> Response:
    authorise(("metrics",))
    registry = CollectorRegistry()
    registry.register(Measured())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


class Measured(Collector):
    """Everything, measured anew by each `collect`. Redis may be away; the database may not."""

    def collect(self) -> Iterator[Metric]:
        with db().read() as connection:
            counts, account = metrics.count(connection), link.load(connection)
        yield from _count_messages(counts)
        yield from _count_turns(counts)
        yield from _count_outbox(counts)
        yield _make_gauge("linked", "1 when an account is linked.", account.is_linked)
        yield from _measure_database()


def _count_messages(counts: Counts) -> Iterator[Metric]:
    family = _make_counter("messages", "Messages that came in, by what was decided.", "reason")
    for reason, number in counts.messages.items():
        family.add_metric([reason], number)
    yield family


def _count_turns(counts: Counts) -> Iterator[Metric]:
    family = _make_counter("turns", "Turns that have ended, by how.", "state", "failure")
    running = 0
    for (state, failure), number in counts.turns.items():
        if state == TurnState.RUNNING:
            running += number
        else:
            family.add_metric([state, failure], number)
    yield family
    yield _make_gauge("turns_running", "Turns at work.", running)


def _count_outbox(counts: Counts) -> Iterator[Metric]:
    done = _make_counter(
        "outbox", "Messages that went out, or should have, by how it ended.", "state"
    )
    waiting = _make_labelled_gauge("outbox_waiting", "Messages on their way out.", "state")
    for state, number in counts.outbox.items():
        (waiting if state in ON_THE_WAY else done).add_metric([state], number)
    yield from (done, waiting)


def _measure_database() -> Iterator[Metric]:
    """What Redis knows; without it only that it is away, since it is unknown whether we are
    connected."""
    try:
        found = list(_measure_processes())
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        found = []
    yield _make_gauge("redis_up", "1 when Redis answers.", bool(found))
    yield from found


def _measure_processes() -> Iterator[Metric]:
    status, workers, jobs = (
        live().read_status(),
        live().list_heartbeats("worker"),
        live().list_heartbeats("jobs"),
    )
    connected = status is not None and status.connected
    yield _make_gauge("connected", "1 when the connection to WhatsApp is open.", connected)
    holders = _make_labelled_gauge(
        "worker_holder", "1 for the worker with the lock.", "host", "pid", "id"
    )
    for worker in workers:
        holders.add_metric([worker.host, str(worker.pid), worker.id], worker.holder)
    yield holders
    yield _make_gauge("jobs_processes", "Processes that answer.", len(jobs))
    depth = Turns(live().redis).queue.count
    yield _make_gauge("queue_depth", "Chats that wait for a process that answers.", depth)


def _make_counter(name: str, about: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"djinnbot_{name}", about, labels=labels)


def _make_labelled_gauge(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"djinnbot_{name}", about, labels=labels)


def _make_gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"djinnbot_{name}", about, value=value)
