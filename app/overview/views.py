"""The first page: whether all is well, what happened lately, and what wants the owner's eye."""

from datetime import timedelta
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.overview import zone
from app.overview.concerns import (
    Installation,
    find_incidents,
    find_omissions,
    find_outages,
    list_steps,
)
from app.web import respond
from app.web.ext import agents, config, db, now
from app.web.process_health import read_process_health
from app.whatsapp import linking
from core.channel import Channel
from store import link, settings
from store.agents import provider_keys
from store.pages import overview

bp = Blueprint("overview", __name__)


@bp.get("/")
def show_overview() -> ResponseReturnValue:
    installation = _read_installation()
    screen = linking.choose_screen(installation.health, installation.link, None, now(), now())
    steps = list_steps(installation)
    if all(step.done for step in steps):
        steps = []
    concerns = [
        *find_outages(installation, screen),
        *([] if steps else find_omissions(installation)),
        *find_incidents(installation),
    ]
    shown = (
        screen.fingerprint,
        installation.counts,
        installation.settings.enabled,
        steps,
        concerns,
    )
    mark = respond.fingerprint(*shown)
    context: dict[str, Any] = {
        "screen": screen,
        "installation": installation,
        "steps": steps,
        "concerns": concerns,
        "seen": mark,
    }
    return respond.unchanged(mark) or respond.part(
        "overview/overview.html", block="content", **context
    )


def _read_installation() -> Installation:
    # Whole minutes: the curve does not move a little with every look.
    instant = now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    with db().read() as connection:
        return Installation(
            health=read_process_health(),
            link=link.load(connection),
            settings=settings.load(connection),
            registry=agents().load().restrict_to(Channel.WHATSAPP),
            has_entries=overview.has_entries(connection),
            access=provider_keys.read_access(connection, config()),
            counts=overview.count(connection, instant, zone.find_midnight(now())),
            held=overview.count_held(connection),
            paused=overview.count_paused(connection, instant),
            has_talked=overview.has_talked(connection),
        )
