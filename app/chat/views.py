"""The dashboard chat: talking to any agent from the browser, through the same jobs as WhatsApp.

The page shows what SQL says. While an answer is to come, the chat's open end asks again every half
second, gets what has been finished since, and shows how far the rest is.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from redis import RedisError
from sqlalchemy import Connection

from app.chat.forms import MessageForm, ModelForm, NewChatForm
from app.conversations.transcript import Transcript, build_context, read_transcript
from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, config, db, live, now
from app.web.process_health import read_process_health
from app.web.toasts import toast
from core.agents import routing
from core.agents.agent import Agent
from core.errors import InvalidModel
from core.models.failure import Failure
from core.models.name import ModelName, own_model
from core.text import chat_html, html
from store import settings
from store.account.audit import Action
from store.agents import favourites, provider_keys
from store.chats import chats, contexts, messages
from store.chats.chats import Chat
from store.pages import panel_chats
from store.pages.panel_chats import LISTED
from store.pages.transcripts import Cursor
from store.redis.queue import Turns
from store.sql.engine import after_commit

bp = Blueprint("chat", __name__, url_prefix="/chat")

PAGE = "chat/show.html"
PATIENCE = timedelta(seconds=3)  # what waits longer than this without a turn gets an explanation


@dataclass(frozen=True)
class Responder:
    """Who answers in a chat at the moment."""

    agent: Agent | None  # None when there is none
    missing: tuple[str, ...] = ()  # those who would, but are gone
    model: str = ""  # in use
    own: str = ""  # the agent's
    problem: str = ""  # why the model in use can't be asked


@bp.get("/")
def show_new_chat() -> ResponseReturnValue:
    """A new chat; `?agent=` says with which agent."""
    return _show_new(NewChatForm.for_agents(agents().load().agents.values(), _preselect_agent()))


@bp.post("/")
def begin_chat() -> ResponseReturnValue:
    form = NewChatForm.for_agents(agents().load().agents.values(), None)
    if not form.validate():
        return _show_new(form, 422)
    with db().write() as connection:
        chat = chats.begin_in_panel(connection, form.agent.data, now())
        messages.write_in_panel(connection, chat, form.text.data, g.owner.name, now())
        record_act(connection, Action.CHAT_BEGUN, f"with {form.agent.data}")
        after_commit(connection, Turns(live().redis).nudge, chat.id)
    return redirect(_build_address(chat.id), code=303)


@bp.get("/<int:chat_id>")
def show_chat(chat_id: int) -> ResponseReturnValue:
    """The latest of the chat, or what was said before the place `before`."""
    return _show_page(chat_id)


@bp.post("/<int:chat_id>")
def write_message(chat_id: int) -> ResponseReturnValue:
    """A message, or a command: the buttons send those too."""
    form = MessageForm()
    if not form.validate():
        if not respond.is_part_wanted():
            return _show_page(chat_id, form)
        with db().read() as connection:
            context: dict[str, Any] = {"form": form, "chat": _get_chat(connection, chat_id)}
        return respond.part(PAGE, block="say", status=422, into="#say", **context)
    with db().write() as connection:
        chat = _get_chat(connection, chat_id)
        messages.write_in_panel(connection, chat, form.text.data, g.owner.name, now())
        after_commit(connection, Turns(live().redis).nudge, chat_id)
    return _show_changes(_load_transcript(chat_id))


@bp.get("/<int:chat_id>/now")
def show_changes(chat_id: int) -> ResponseReturnValue:
    """What is new since the pieces in `v`; 204 when the end looks as in `seen`."""
    transcript = _load_transcript(chat_id)
    return respond.unchanged(transcript.fingerprint) or _show_changes(transcript)


@bp.post("/<int:chat_id>/model")
def choose_model(chat_id: int) -> ResponseReturnValue:
    form = ModelForm()
    is_valid = form.validate()
    with db().write() as connection:
        chat = _get_chat(connection, chat_id)
        agent = _find_responder(connection, chat).agent
        chosen = agent if is_valid and _check_model(connection, form) else None
        if chosen:
            _choose_model(connection, chat, chosen, form.model.data)
        responder = _find_responder(connection, chat)
    if chosen is None:
        if not respond.is_part_wanted():
            return _show_page(chat_id, model_form=form)
        context = _describe_responder(chat, responder, form)
        return respond.part(PAGE, block="who", status=422, **context)
    toast("chat_model_chosen", model=str(responder.model))
    context = _describe_responder(chat, responder)
    return respond.saved(
        _build_address(chat_id), PAGE, block="who", focus="choose-model", **context
    )


# ---- answers --------------------------------------------------------------------------------


def _show_new(form: NewChatForm, status: int = 200) -> ResponseReturnValue:
    with db().read() as connection:
        chat_list = _list_chats(connection)
    context = {"form": form, "chat": None, "agents": dict(agents().load().agents)}
    return render_template("chat/new.html", **context, **chat_list), status


def _show_page(
    chat_id: int, form: MessageForm | None = None, model_form: ModelForm | None = None
) -> ResponseReturnValue:
    """`form` or `model_form` is one that was refused."""
    before = Cursor.parse(request.args.get("before", ""))
    with db().read() as connection:
        chat = _get_chat(connection, chat_id)
        transcript = read_transcript(connection, chat, before=before)
        responder = _find_responder(connection, chat)
        chat_list = _list_chats(connection)
    context = {"before": before, "form": form or MessageForm(formdata=None), **chat_list}
    context |= build_context(_add_progress(transcript))
    context |= _describe_responder(chat, responder, model_form)
    return render_template(PAGE, **context), 422 if form or model_form else 200


def _show_changes(transcript: Transcript) -> ResponseReturnValue:
    context = build_context(transcript)
    if context["news"]:  # an answer has come: the next one may be another agent's
        with db().read() as connection:
            context["responder"] = _find_responder(connection, transcript.chat)
    home = _build_address(transcript.chat.id)
    return respond.part("transcript/changes.html", block="changes", home=home, **context)


# ---- what the templates are given -----------------------------------------------------------


def _load_transcript(chat_id: int) -> Transcript:
    with db().read() as connection:
        transcript = read_transcript(connection, _get_chat(connection, chat_id))
    return _add_progress(transcript)


def _add_progress(transcript: Transcript) -> Transcript:
    """How far the answer is that is being written, or why none is."""
    partial = _read_partial(transcript.running.id) if transcript.running else ""
    return replace(transcript, partial=partial, excuse=_find_excuse(transcript))


def _list_chats(connection: Connection) -> dict[str, Any]:
    """The list of chats, and whether there are more."""
    if "all" in request.args:
        return {"chats": panel_chats.list_latest(connection, None), "has_more": False}
    latest = panel_chats.list_latest(connection, LISTED + 1)
    return {"chats": latest[:LISTED], "has_more": len(latest) > LISTED}


def _describe_responder(
    chat: Chat, responder: Responder, form: ModelForm | None = None
) -> dict[str, Any]:
    if form is None:
        form = ModelForm(formdata=None, data={"model": responder.model})
    with db().read() as connection:
        names = favourites.load(connection)
    return {"chat": chat, "responder": responder, "model_form": form, "favourites": names}


def _find_responder(connection: Connection, chat: Chat) -> Responder:
    """By the same rules as the jobs choose."""
    current, registry = settings.load(connection), agents().load()
    route = routing.route(
        sticky=chat.find_sticky(now()),
        sender_default=None,
        fallback=current.default_agent,
        registry=registry.agents.keys(),
    )
    if route.agent is None:
        return Responder(None, route.missing)
    agent = registry.agents[route.agent]
    own = own_model(agent.model, current.default_model)
    model = contexts.find_chosen_model(connection, chat.id, agent.id) or own
    return Responder(agent, route.missing, model, own, _find_problem(connection, model))


def _find_problem(connection: Connection, model: str) -> str:
    """Why this model can't be asked; empty when it can."""
    try:
        provider_keys.read_access(connection, config()).check(ModelName.parse(model))
    except InvalidModel as error:
        return str(error)
    return ""


def _check_model(connection: Connection, form: ModelForm) -> bool:
    """Else the sentence why not is beside the field, and nothing changes."""
    problem = _find_problem(connection, form.model.data) if form.model.data else ""
    form.model.errors = [problem] if problem else []
    return not problem


def _read_partial(turn_id: int) -> str:
    try:
        return live().read_partial(turn_id)
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return ""


def _find_excuse(transcript: Transcript) -> str:
    """Why no job takes up what has waited for a while; empty when there is no reason known."""
    waiting = transcript.unanswered
    if transcript.running or not waiting or now() - waiting[0].at < PATIENCE:
        return ""
    seen = read_process_health()
    if not seen.redis:
        return "redis"
    return "" if seen.jobs else "jobs"


def _choose_model(connection: Connection, chat: Chat, agent: Agent, model: str | None) -> None:
    context = contexts.find_or_open(connection, chat.id, agent.id, now())
    contexts.choose_model(connection, context.id, model)
    detail = f"{model or 'their own'} for {agent.id} in chat {chat.id}"
    record_act(connection, Action.CHAT_MODEL_CHOSEN, detail)


def _get_chat(connection: Connection, chat_id: int) -> Chat:
    """The chat. Aborts with 404 when there is no such chat in the panel."""
    return chats.get_in_panel(connection, chat_id) or abort(404)


def _preselect_agent() -> str | None:
    """The agent in the address, else the default one, if they are there."""
    with db().read() as connection:
        default = settings.load(connection).default_agent
    known = agents().load().agents
    asked = request.args.get("agent")
    return next((name for name in (asked, default) if name in known), None)


def _build_address(chat_id: int) -> str:
    return url_for("chat.show_chat", chat_id=chat_id, _anchor="now")


@bp.app_template_filter("markdown")
def _render_markdown(text: str) -> Markup:
    return Markup(html.from_markdown(text))


@bp.app_template_filter("whatsapp")
def _render_whatsapp(text: str) -> Markup:
    return Markup(chat_html.from_whatsapp(text))


@bp.app_template_filter("for_owner")
def _explain_failure(error_code: str) -> str:
    """What a failure means and what to do; empty for a code of another version."""
    try:
        return Failure(error_code).for_owner
    except ValueError:
        return ""
