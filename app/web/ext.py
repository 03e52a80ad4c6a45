"""What the views ask for: the database, Redis, the agents' folder, the clock, the configuration.

All of it is made once in `create_app` and shared by the threads of the process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Flask, current_app

from config import Config
from store.agents.agents import AgentFolder
from store.redis.live import Live
from store.sql.engine import Database

_NAME = "djinnbot"


@dataclass
class Services:
    """Kept in `app.extensions`."""

    config: Config
    db: Database
    live: Live
    agents: AgentFolder
    # A function, so that tests can say what time it is.
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def init_app(self, app: Flask) -> None:
        app.extensions[_NAME] = self


def services() -> Services:
    found: Services = current_app.extensions[_NAME]
    return found


def db() -> Database:
    """`with db().read() as connection:`; nothing holds a connection between requests."""
    return services().db


def live() -> Live:
    return services().live


def agents() -> AgentFolder:
    return services().agents


def now() -> datetime:
    return services().now()


def config() -> Config:
    return services().config
