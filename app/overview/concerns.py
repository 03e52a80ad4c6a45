"""What the first page says of the installation: the first steps, and what wants the owner's eye."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for

from app.web.process_health import ProcessHealth
from app.whatsapp.linking import Kind, Screen
from core.errors import InvalidModel
from core.link import Link
from core.models.credentials import Access
from core.models.name import ECHO, ModelName, own_model
from core.settings import Settings
from core.text.translation import Counted, Sentence, _, ngettext
from store.agents.agents import Registry
from store.pages import overview


@dataclass(frozen=True)
class Installation:
    """Everything the page is made of, read in one go."""

    health: ProcessHealth
    link: Link
    settings: Settings
    registry: Registry  # the agents on WhatsApp
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
        """Whether an agent answers with more than an echo."""
        names = [*self.models, *filter(None, [self.settings.default_model])]
        return any(name != str(ECHO) and self.problem(name) is None for name in names)


@dataclass(frozen=True)
class Page:
    """Where something is done."""

    endpoint: str
    anchor: str | None = None
    show: str | None = None

    @property
    def href(self) -> str:
        return url_for(self.endpoint, _anchor=self.anchor, show=self.show)


_SETTINGS = Page("whatsapp.show_whatsapp", anchor="settings")
_FAILED = Page("conversations.list_conversations", show="failed")


@dataclass(frozen=True)
class StepWords:
    title: Sentence
    text: Sentence | None = None  # None: the page has a sentence of its own
    page: Page | None = None


STEPS = {
    "link": StepWords(
        _("Link a WhatsApp number"),
        _("Scan a QR code or type a pairing code on its phone."),
        Page("whatsapp.show_whatsapp"),
    ),
    "enable": StepWords(
        _("Switch it on and choose a default agent"), _("Nobody is answered before."), _SETTINGS
    ),
    "allow": StepWords(
        _("Allow somebody to write"),
        _("Start with your own number."),
        Page("allowlist.list_entries"),
    ),
    "model": StepWords(
        _("Choose a model"),
        _(
            "Until then demo/echo answers: it repeats what was written, without any AI. Enter a "
            "provider's key and choose one of its models."
        ),
        Page("models.list_models"),
    ),
    "hello": StepWords(_("Say hello")),
}


@dataclass(frozen=True)
class ConcernWords:
    text: Sentence | Counted  # with the concern's figures in braces
    colour: str
    page: Page  # where it is put right
    action: Sentence  # what the button there says


CONCERNS = {
    "no_redis": ConcernWords(
        _("Redis does not answer: messages are stored but not answered."),
        "red",
        Page("diagnostics.show_diagnostics"),
        _("Look"),
    ),
    "no_worker": ConcernWords(
        _("The worker is not running: nothing is received."),
        "red",
        Page("diagnostics.show_diagnostics"),
        _("Look"),
    ),
    "no_holder": ConcernWords(
        ngettext(
            "{count} worker stands by, and none holds the WhatsApp lock: nothing is received.",
            "{count} workers stand by, and none holds the WhatsApp lock: nothing is received.",
        ),
        "orange",
        Page("diagnostics.show_diagnostics"),
        _("Look"),
    ),
    "no_jobs": ConcernWords(
        _("The jobs process is not running: nothing is answered."),
        "red",
        Page("diagnostics.show_diagnostics"),
        _("Look"),
    ),
    "stopped": ConcernWords(
        Kind.STOPPED.words.title, "red", Page("whatsapp.show_whatsapp"), _("See why")
    ),
    "unlinked": ConcernWords(
        _("No WhatsApp account is linked."), "red", Page("whatsapp.show_whatsapp"), _("Link one")
    ),
    "disabled": ConcernWords(_("Answering is switched off."), "orange", _SETTINGS, _("Switch on")),
    "no_default_agent": ConcernWords(
        _("There is no default agent."), "orange", _SETTINGS, _("Choose one")
    ),
    "default_agent_gone": ConcernWords(
        _("The default agent “{agent}” is missing, or not reachable on WhatsApp."),
        "orange",
        _SETTINGS,
        _("Choose another"),
    ),
    "no_guests": ConcernWords(
        _("Nobody may write."), "orange", Page("allowlist.list_entries"), _("Allow somebody")
    ),
    "broken_agent": ConcernWords(
        _("The agent “{agent}” can't be used. {problem}"),
        "orange",
        Page("agents.list_agents"),
        _("Mend"),
    ),
    "unusable_model": ConcernWords(
        _("{agents} should answer with {model}. {problem}"),
        "orange",
        Page("models.list_models"),
        _("Set up"),
    ),
    "failed_turns": ConcernWords(
        ngettext(
            "{count} message could not be answered in the last 24 hours.",
            "{count} messages could not be answered in the last 24 hours.",
        ),
        "orange",
        _FAILED,
        _("See which"),
    ),
    "unsent": ConcernWords(
        ngettext(
            "{count} reply may not have arrived in the last 24 hours.",
            "{count} replies may not have arrived in the last 24 hours.",
        ),
        "orange",
        _FAILED,
        _("See which"),
    ),
    "held": ConcernWords(
        ngettext(
            "{count} person wrote without being allowed.",
            "{count} people wrote without being allowed.",
        ),
        "azure",
        Page("people.list_people"),
        _("Decide"),
    ),
    "paused": ConcernWords(
        ngettext(
            "{count} chat is paused: no agent answers there.",
            "{count} chats are paused: no agent answers there.",
        ),
        "azure",
        Page("conversations.list_conversations", show="paused"),
        _("See which"),
    ),
}


@dataclass(frozen=True)
class Step:
    """A line of the first-run checklist; its code is one of `STEPS`."""

    code: str
    done: bool

    @property
    def words(self) -> StepWords:
        return STEPS[self.code]


@dataclass(frozen=True)
class Concern:
    """Something that wants the owner's eye; its code is one of `CONCERNS`."""

    code: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def words(self) -> ConcernWords:
        return CONCERNS[self.code]

    @property
    def text(self) -> str:
        return self.words.text.format(**self.figures)


def list_steps(installation: Installation) -> list[Step]:
    """From a fresh installation to the first real answer. Ticks itself."""
    return [
        Step("link", installation.link.is_linked),
        Step("enable", installation.settings.enabled and installation.has_agent),
        Step("allow", installation.has_guests),
        Step("model", installation.has_model),
        Step("hello", installation.has_talked),
    ]


def find_outages(installation: Installation, screen: Screen) -> Iterator[Concern]:
    """What has stopped, or never started."""
    seen = installation.health
    if not seen.redis:
        yield Concern("no_redis")
        return
    if not seen.workers:
        yield Concern("no_worker")
    elif not seen.holder:
        yield Concern("no_holder", {"count": len(seen.workers)})
    if not seen.jobs:
        yield Concern("no_jobs")
    if screen.kind is Kind.STOPPED:
        yield Concern("stopped")


def find_omissions(installation: Installation) -> Iterator[Concern]:
    """What the owner has taken away or switched off since the first steps."""
    chosen = installation.settings.default_agent
    if not installation.link.is_linked:
        yield Concern("unlinked")
    if not installation.settings.enabled:
        yield Concern("disabled")
    if chosen is None:
        yield Concern("no_default_agent")
    elif not installation.has_agent:
        yield Concern("default_agent_gone", {"agent": chosen})
    if not installation.has_guests:
        yield Concern("no_guests")


def find_incidents(installation: Installation) -> Iterator[Concern]:
    """What can't work, what went wrong lately, and who is waiting."""
    for broken in installation.registry.broken:
        yield Concern("broken_agent", {"agent": broken.id, "problem": broken.problem})
    for model, names in installation.models.items():
        if problem := installation.problem(model):
            figures = {"model": model, "agents": ", ".join(names), "problem": problem}
            yield Concern("unusable_model", figures)
    for code, count in (
        ("failed_turns", installation.counts.failed_turns.day),
        ("unsent", installation.counts.unsent.day),
        ("held", installation.held),
        ("paused", installation.paused),
    ):
        if count:
            yield Concern(code, {"count": count})
