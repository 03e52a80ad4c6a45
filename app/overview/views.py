"""The first page: whether all is well, what happened lately, and what wants the owner's eye."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.overview import zone
from app.web import respond
from app.web.ext import agents, config, db, now
from app.web.process_health import ProcessHealth, read_process_health
from app.whatsapp import linking
from app.whatsapp.linking import Kind, Screen
from core.channel import Channel
from core.errors import InvalidModel
from core.link import Link
from core.models.credentials import Access
from core.models.name import DEMO, ModelName, own_model
from core.settings import Settings
from store import link, settings
from store.agents import provider_keys
from store.agents.agents import Registry
from store.pages import overview

bp = Blueprint("overview", __name__)


@dataclass(frozen=True)
class Facts:
    """Everything the page is made of, read in one go. `registry` are the agents on WhatsApp."""

    health: ProcessHealth
    link: Link
    settings: Settings
    registry: Registry
    has_entries: bool
    access: Access
    counts: overview.Counts
    held: int
    paused: int
    has_talked: bool

    @property
    def has_agent(self) -> bool:
        return self.settings.default_agent in self.registry.agents

    @property
    def has_guests(self) -> bool:
        return self.has_entries or self.settings.allow_all

    @property
    def models(self) -> Mapping[str, Sequence[str]]:
        """What agents answer with, or fall back on, and which of them do."""
        found: dict[str, list[str]] = {}
        for agent in self.registry.agents.values():
            names = [own_model(agent.model, self.settings.default_model), agent.fallback_model]
            for name in dict.fromkeys(filter(None, names)):
                found.setdefault(name, []).append(agent.name)
        return found

    def problem(self, model: str) -> str | None:
        """Why this model can't be asked, None if it can."""
        try:
            self.access.check(ModelName.parse(model))
        except InvalidModel as error:
            return str(error)
        return None

    @property
    def has_model(self) -> bool:
        """Whether anybody answers with more than an echo."""
        names = [*self.models, *filter(None, [self.settings.default_model])]
        return any(name != str(DEMO) and self.problem(name) is None for name in names)


@dataclass(frozen=True)
class Step:
    """A line of the first-run checklist. The template has the words for each code."""

    code: str
    done: bool


@dataclass(frozen=True)
class Concern:
    """Something that wants the owner's eye. The template has the words for each code."""

    code: str
    figures: Mapping[str, object] = field(default_factory=dict)


@bp.get("/")
def index() -> ResponseReturnValue:
    facts = _read()
    screen = linking.look(facts.health, facts.link, None, now(), now())
    steps = checklist(facts)
    if all(step.done for step in steps):
        steps = []
    concerns = [*outages(facts, screen), *([] if steps else omissions(facts)), *incidents(facts)]
    shown = (screen.fingerprint, facts.counts, facts.settings.enabled, steps, concerns)
    mark = respond.fingerprint(*shown)
    context = {"screen": screen, "facts": facts, "steps": steps, "concerns": concerns, "seen": mark}
    return respond.unchanged(mark) or respond.part(
        "overview/overview.html", block="content", **context
    )


def _read() -> Facts:
    # Whole minutes: the curve does not move a little with every look.
    instant = now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    with db().read() as connection:
        return Facts(
            health=read_process_health(),
            link=link.load(connection),
            settings=settings.load(connection),
            registry=agents().load().restrict_to(Channel.WHATSAPP),
            has_entries=overview.has_entries(connection),
            access=provider_keys.access(connection, config()),
            counts=overview.count(connection, instant, zone.midnight(now())),
            held=overview.count_held(connection),
            paused=overview.count_paused(connection, instant),
            has_talked=overview.has_talked(connection),
        )


def checklist(facts: Facts) -> list[Step]:
    """From a fresh installation to the first real answer. Ticks itself."""
    return [
        Step("link", facts.link.is_linked),
        Step("enable", facts.settings.enabled and facts.has_agent),
        Step("allow", facts.has_guests),
        Step("model", facts.has_model),
        Step("hello", facts.has_talked),
    ]


def outages(facts: Facts, screen: Screen) -> Iterator[Concern]:
    """What has stopped, or never started."""
    seen = facts.health
    if not seen.redis:
        yield Concern("no_redis")
        return
    if not seen.workers:
        yield Concern("no_worker")
    elif not seen.holder:
        yield Concern("no_holder", {"standbys": len(seen.workers)})
    if not seen.jobs:
        yield Concern("no_jobs")
    if screen.kind is Kind.STOPPED:
        yield Concern("stopped")


def omissions(facts: Facts) -> Iterator[Concern]:
    """What the owner has taken away or switched off since the first steps."""
    chosen = facts.settings.default_agent
    if not facts.link.is_linked:
        yield Concern("unlinked")
    if not facts.settings.enabled:
        yield Concern("disabled")
    if chosen is None:
        yield Concern("no_default_agent")
    elif not facts.has_agent:
        yield Concern("default_agent_gone", {"agent": chosen})
    if not facts.has_guests:
        yield Concern("no_guests")


def incidents(facts: Facts) -> Iterator[Concern]:
    """What can't work, what went wrong lately, and who is waiting."""
    for broken in facts.registry.broken:
        yield Concern("broken_agent", {"agent": broken.id, "problem": broken.problem})
    for model, names in facts.models.items():
        if problem := facts.problem(model):
            yield Concern("unusable_model", {"model": model, "agents": names, "problem": problem})
    for code, count in (
        ("failed_turns", facts.counts.failed_turns.day),
        ("unsent", facts.counts.unsent.day),
        ("held", facts.held),
        ("paused", facts.paused),
    ):
        if count:
            yield Concern(code, {"count": count})
