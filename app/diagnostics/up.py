"""Whether the product is alive (`/up`) and of use (`/up/ready`), for monitoring."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.web.ext import db, live

bp = Blueprint("up", __name__)


@bp.get("/up")
def check_alive() -> ResponseReturnValue:
    """This process answers. Touches nothing else."""
    return {"status": "ok"}


@bp.get("/up/ready")
def check_ready() -> ResponseReturnValue:
    """200 when messages can be taken and answered; 503 with what is missing."""
    checks = {"database": _check_database(), **_check_processes()}
    problems = {name: problem for name, problem in checks.items() if problem}
    if problems:
        return {"status": "unavailable", "problems": problems}, 503
    return {"status": "ok"}


def _check_database() -> str | None:
    try:
        with db().read() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return "The database does not answer."
    return None


def _check_processes() -> dict[str, str | None]:
    try:
        workers, jobs = live().list_heartbeats("worker"), live().list_heartbeats("jobs")
    except RedisError:
        return {"redis": "Redis does not answer."}
    return {
        "redis": None,
        "worker": None if workers else "No worker is running.",
        "jobs": None if jobs else "No jobs process is running.",
    }
