"""“Who may write?”: what would become of a message, decided by the functions that the worker and
the jobs use, and for the very chat of that person. Nothing is written."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.allowlist.forms import TesterForm
from app.web.answer import fragment
from app.web.ext import agents, db, now
from core.admission import preview as outlook
from core.admission.preview import Handling, Outlook, Situation, Words
from core.channel import Channel
from core.errors import UnknownAgent
from core.messages.message import Kind
from core.models.failure import Failure
from store.agents.agents import Registry
from store.pages import preview as situation

bp = Blueprint("tester", __name__, url_prefix="/tester")

ANYTHING = "Hello"  # stands for words that make no difference


@dataclass(frozen=True)
class Found:
    """What the template tells. `switched_to` is the agent that /agent would turn to."""

    situation: Situation
    outlook: Outlook
    switched_to: str | None

    @property
    def said(self) -> str:
        """What the sender reads in place of an agent's answer, if we know it."""
        failure = _FAILURES.get(self.outlook.outcome)
        return failure.sentence if failure else self.outlook.excuse


_FAILURES = {
    Handling.NO_AGENT: Failure.NO_AGENT,
    Handling.FLOOD: Failure.RATE_LIMITED,
    Handling.OVER_BUDGET: Failure.OVER_BUDGET,
}


@bp.get("/")
def index() -> ResponseReturnValue:
    """`?phone=` asks about an ordinary message of this sender at once: for links."""
    asked = request.args if "phone" in request.args else None
    form = TesterForm(formdata=asked, meta={"csrf": False})
    found = _found(form) if asked and form.validate() else None
    return _answer(form, found)


@bp.post("/")
def ask() -> ResponseReturnValue:
    form = TesterForm()
    if not form.validate():
        return _answer(form, None, 422)
    return _answer(form, _found(form))


def blank() -> dict[str, object]:
    """What the form needs on another page."""
    return {"tester": TesterForm(formdata=None), "found": None}


def _answer(form: TesterForm, found: Found | None, status: int = 200) -> ResponseReturnValue:
    context = {"tester": form, "found": found, "agents": agents().load().agents}
    if request.htmx:
        return fragment("tester/_tester.html", status, **context)
    return render_template("tester/index.html", **context), status


def _found(form: TesterForm) -> Found:
    kind = Kind(form.kind.data or Kind.TEXT)
    text = form.text.data or ""
    if kind is Kind.TEXT and not text.strip():
        text = ANYTHING
    registry = agents().load()
    with db().read() as connection:
        found = situation.of(connection, *form.phone.data.sender, registry, now())
    seen = outlook.foresee(Words(kind, text, now()), found)
    return Found(found, seen, _switched(seen, registry.restrict_to(Channel.WHATSAPP)))


def _switched(seen: Outlook, registry: Registry) -> str | None:
    call = seen.call
    if call is None or call.command is None or call.command.name != "agent" or not call.argument:
        return None
    try:
        return registry.find(call.argument).id
    except UnknownAgent:
        return None
