"""A hundred people ask at once, the model takes five seconds: how long until all are answered?

    python -m bench.turns [--people 100] [--model-seconds 5]

One jobs process, real Valkey, SQLite, and a model server on this machine that takes its time. The
ideal is the model's own time; what is above it is ours. Answers out of order are counted.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

from config import ROOT
from core.messages.message import Inbound, Kind, Place, Reason
from core.phone import Phone
from core.states import MessageState
from store import settings as settings_store
from store.chats import chats, messages, people
from store.redis.live import Live
from store.redis.queue import Turns
from store.redis.valkey import connect
from store.sql import migrate
from store.sql.engine import Database
from store.sql.tables import turns
from tests.services import valkey as valkey_server
from tests.services.fake_llm import FakeLLM
from tests.waiting import until

PATIENCE = 120


def main() -> None:
    options = _options()
    llm = FakeLLM().replies("An answer.").delay(options.model_seconds)
    llm.start()
    with tempfile.TemporaryDirectory() as folder, valkey_server.running() as redis_url:
        env = _environment(Path(folder), redis_url, llm)
        database = Database(env["DATABASE_URL"])
        migrate.upgrade(database)
        jobs = subprocess.Popen([sys.executable, "-m", "worker.jobs"], env=env, cwd=ROOT)
        try:
            redis = connect(redis_url)
            until(lambda: Live(redis).list_heartbeats("jobs"), "the jobs process")
            waiting = _ask(database, options.people)
            began = time.perf_counter()
            queue = Turns(redis)
            for chat_id in waiting:
                queue.nudge(chat_id)
            until(lambda: _done(database) >= options.people, "all answers", PATIENCE)
            took = time.perf_counter() - began
        finally:
            jobs.terminate()
            jobs.wait()
            llm.stop()
        print(f"{options.people} people, model {options.model_seconds:g} s: {took:.2f} s in all,")
        print(f"at most {llm.peak} questions at the model at the same time,")
        print(f"{_out_of_order(database)} turns out of order")
        database.close()


def _environment(folder: Path, redis_url: str, llm: FakeLLM) -> dict[str, str]:
    agent = folder / "agents" / "finn"
    agent.mkdir(parents=True)
    (agent / "config.yml").write_text("model: custom/fake\n")
    return {
        **os.environ,
        "DATA_DIR": str(folder / "data"),
        "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "REDIS_URL": redis_url,
        "AGENTS_DIR": str(agent.parent),
        "CUSTOM_LLM_BASE_URL": llm.url,
        "LOG_LEVEL": "ERROR",
    }


def _ask(database: Database, count: int) -> list[int]:
    """One accepted message of each person. Returns their chats."""
    now = datetime.now(UTC)
    asked: list[int] = []
    with database.write() as connection:
        wanted = replace(
            settings_store.load(connection), enabled=True, default_agent="finn", gather_ms=0
        )
        settings_store.save(connection, wanted, now)
        for number in range(count):
            inbound = _message(number, now)
            messages.receive(connection, inbound, now)
            person = people.identify(connection, inbound.phone, None, "Ana", now)
            asked.append(chats.enter(connection, person.id, inbound.chat, now))
        for received, chat in zip(messages.list_undecided(connection, count), asked, strict=True):
            ids = {"chat_id": chat.id, "person_id": chat.person_id}
            messages.record_decision(
                connection, received.id, MessageState.WAITING, Reason.ALLOW_ALL, now, **ids
            )
    return [chat.id for chat in asked]


def _message(number: int, now: datetime) -> Inbound:
    phone = Phone(f"+1555{number:07}")
    address = f"{phone.digits}@s.whatsapp.net"
    return Inbound(
        account="15550001000",
        chat=address,
        sender=address,
        message_id=f"M{number}",
        place=Place.DIRECT,
        kind=Kind.TEXT,
        text=f"question {number}",
        sent_at=now,
        phone=phone,
    )


def _done(database: Database) -> int:
    with database.read() as connection:
        statement = select(func.count()).select_from(turns).where(turns.c.state == "done")
        return connection.execute(statement).scalar_one()


def _out_of_order(database: Database) -> int:
    """Turns that began before an earlier one of the same chat had ended."""
    with database.read() as connection:
        rows = connection.execute(
            select(turns.c.chat_id, turns.c.started_at, turns.c.finished_at).order_by(turns.c.id)
        ).all()
    ended: dict[int, datetime] = {}
    wrong = 0
    for chat_id, started_at, finished_at in rows:
        wrong += chat_id in ended and started_at < ended[chat_id]
        ended[chat_id] = finished_at
    return wrong


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100, help="at most 1000")
    parser.add_argument("--model-seconds", type=float, default=5.0, help="at most 30")
    options = parser.parse_args()
    options.people = min(options.people, 1000)
    options.model_seconds = min(options.model_seconds, 30.0)
    return options


if __name__ == "__main__":
    main()
