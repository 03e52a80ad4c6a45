"""“Who may write?”: what would become of a message, decided by the functions that the worker and
the jobs use, and for the very chat of that person. Nothing is written."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.allowlist.forms import TesterForm
from app.web import respond
from app.web.ext import agents, db, now
from core.admission.preview import Handling, Preview, PreviewInput, Words, preview_message
from core.channel import Channel
from core.errors import UnknownAgent
from core.messages.message import Kind
from core.models.failure import Failure
from store.agents.agents import Registry
from store.pages import preview

bp = Blueprint("tester", __name__, url_prefix="/tester")

ANYTHING = "Hello"  # stands for words that make no difference


_FAILURES = {
    Handling.NO_AGENT: Failure.NO_AGENT,
    Handling.FLOOD: Failure.RATE_LIMITED,
    Handling.OVER_BUDGET: Failure.OVER_BUDGET,
}


@dataclass(frozen=True)
class TesterResult:
    """What the page says about the message."""

    situation: PreviewInput
    preview: Preview
    switched_to: str | None  # the agent that /agent would turn to

    @property
    def answer(self) -> str:
        """What the sender reads in place of an agent's answer, if we know it."""
        failure = _FAILURES.get(self.preview.handling)
        return failure.sentence if failure else self.preview.excuse


@bp.get("/")
def show_tester() -> ResponseReturnValue:
    """`?phone=` asks about an ordinary message of this sender at once: for links."""
    asked = request.args if "phone" in request.args else None
    form = TesterForm(formdata=asked, meta={"csrf": False})
    return _show_result(form, _try_message(form) if asked and form.validate() else None)


@bp.post("/")
def try_message() -> ResponseReturnValue:
    form = TesterForm()
    if not form.validate():
        return _show_result(form, None, 422)
    return _show_result(form, _try_message(form))


def make_blank_context() -> dict[str, Any]:
    """What the form needs on another page."""
    return {"tester": TesterForm(formdata=None), "result": None}


def _show_result(
    form: TesterForm, result: TesterResult | None, status: int = 200
) -> ResponseReturnValue:
    context: dict[str, Any] = {"tester": form, "result": result, "agents": agents().load().agents}
    return respond.part("allowlist/tester.html", block="tester", status=status, **context)


def _try_message(form: TesterForm) -> TesterResult:
    kind = Kind(form.kind.data or Kind.TEXT)
    text = form.text.data or ""
    if kind is Kind.TEXT and not text.strip():
        text = ANYTHING
    registry = agents().load()
    with db().read() as connection:
        phone, lid = form.phone.data.sender
        situation = preview.read_input(connection, phone, lid, registry, now())
    previewed = preview_message(Words(kind, text, now()), situation)
    switched_to = _find_switch(previewed, registry.restrict_to(Channel.WHATSAPP))
    return TesterResult(situation, previewed, switched_to)


def _find_switch(previewed: Preview, registry: Registry) -> str | None:
    call = previewed.call
    if call is None or call.command is None or call.command.name != "agent" or not call.argument:
        return None
    try:
        return registry.find(call.argument).id
    except UnknownAgent:
        return None
