"""The dashboard chat: talking to any agent from the browser, through the same jobs as WhatsApp.

The page shows what SQL says. While an answer is to come, the part `#now` asks again every half
second, gets what has been finished since, and shows how far the rest is.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, current_app, g, redirect, render_template, request
from flask import url_for as address_of
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from redis import RedisError
from sqlalchemy import Connection

from app.chat.forms import ModelForm, NewChatForm, SayForm
from app.web.answer import elsewhere, fragment
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
from store.account import audit
from store.agents import favourites, provider_keys
from store.chats import contexts
from store.chats.chats import Chat
from store.pages import panel_chats
from store.pages.panel_chats import LISTED, Talk
from store.redis.queue import Turns
from store.sql.engine import after_commit

bp = Blueprint("chat", __name__, url_prefix="/chat")

PATIENCE = timedelta(seconds=3)  # what waits longer than this without a turn gets an explanation


@dataclass(frozen=True)
class Partner:
    """Who answers in a chat at the moment. `agent` is None when nobody does; `missing` are those
    who would, but are gone. `model` is in use, `own` is the agent's; `problem` says why the one in
    use can't be asked."""

    agent: Agent | None
    missing: tuple[str, ...] = ()
    model: str = ""
    own: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Now:
    """The end of a chat: what is new in `talk`, and how far what is open has come. `after` is the
    last turn that the page then has."""

    talk: Talk
    after: int
    partial: str
    excuse: str

    @property
    def fingerprint(self) -> str:
        running = self.talk.running and self.talk.running.id
        shown = (running, self.partial, self.excuse, [each.id for each in self.talk.waiting])
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]


@bp.get("/")
def index() -> ResponseReturnValue:
    """A new chat; `?agent=` says with whom."""
    return _new(NewChatForm.of(agents().load().agents.values(), _preselected()))


@bp.post("/")
def begin() -> ResponseReturnValue:
    form = NewChatForm.of(agents().load().agents.values(), None)
    if not form.validate():
        return _new(form, 422)
    with db().write() as connection:
        chat_id = panel_chats.begin(connection, form.agent.data, now())
        _say(connection, _found(connection, chat_id), form.text.data)
        audit.record(connection, g.owner.name, "chat begun", f"with {form.agent.data}", now())
        after_commit(connection, _turns().nudge, chat_id)
    return redirect(_address(chat_id), code=303)


@bp.get("/<int:chat_id>")
def show(chat_id: int) -> ResponseReturnValue:
    return _page(chat_id, SayForm(formdata=None))


@bp.post("/<int:chat_id>")
def say(chat_id: int) -> ResponseReturnValue:
    """A message, or a command: the buttons send those too."""
    form = SayForm()
    if not form.validate():
        return _refused(chat_id, form)
    with db().write() as connection:
        _say(connection, _found(connection, chat_id), form.text.data)
        after_commit(connection, _turns().nudge, chat_id)
    if not request.htmx:
        return redirect(_address(chat_id), code=303)
    return _end(chat_id)


@bp.get("/<int:chat_id>/now")
def now_(chat_id: int) -> ResponseReturnValue:
    """What is new since `after`; 204 when that would look the same."""
    if not request.htmx:
        return redirect(_address(chat_id), code=303)
    return _end(chat_id)


@bp.post("/<int:chat_id>/model")
def choose_model(chat_id: int) -> ResponseReturnValue:
    form = ModelForm()
    is_valid = form.validate()
    with db().write() as connection:
        chat = _found(connection, chat_id)
        agent = _partner(connection, chat).agent
        chosen = agent if is_valid and _can_ask(connection, form) else None
        if chosen:
            _choose(connection, chat, chosen, form.model.data)
        partner = _partner(connection, chat)
    if chosen is None:
        return _model_refused(chat_id, form, partner)
    toast("chat_model_chosen", model=str(partner.model))
    if not request.htmx:
        return redirect(_address(chat_id), code=303)
    return fragment("chat/_who.html", focus="choose-model", **_who(chat_id, partner))


# ---- answers --------------------------------------------------------------------------------


def _new(form: NewChatForm, status: int = 200) -> ResponseReturnValue:
    with db().read() as connection:
        listed = _list(connection)
    return render_template("chat/new.html", form=form, chat_id=None, **listed), status


def _page(
    chat_id: int, form: SayForm, status: int = 200, model_form: ModelForm | None = None
) -> ResponseReturnValue:
    before = request.args.get("before", type=int)
    with db().read() as connection:
        chat = _found(connection, chat_id)
        talk = panel_chats.talk(connection, chat_id, before=before)
        partner = _partner(connection, chat)
        listed = _list(connection)
    context = {**listed, **_who(chat_id, partner, model_form), **_shown(chat_id, talk)}
    return render_template("chat/show.html", form=form, before=before, **context), status


def _end(chat_id: int) -> ResponseReturnValue:
    """The fragment that takes the place of `#now`."""
    after = request.values.get("after", 0, type=int)
    with db().read() as connection:
        chat = _found(connection, chat_id)
        talk = panel_chats.talk(connection, chat_id, after=after)
        partner = _partner(connection, chat) if talk.done else None
    context = _shown(chat_id, talk, after)
    if not talk.done and request.args.get("seen") == context["end"].fingerprint:
        return "", 204
    if partner:
        context |= _who(chat_id, partner)
    return fragment("chat/_more.html", **context)


def _refused(chat_id: int, form: SayForm) -> ResponseReturnValue:
    if request.htmx:
        context = {"chat_id": chat_id, "form": form}
        return elsewhere(fragment("chat/_say.html", 422, **context), "#say")
    return _page(chat_id, form, 422)


def _model_refused(chat_id: int, form: ModelForm, partner: Partner) -> ResponseReturnValue:
    if request.htmx:
        return fragment("chat/_who.html", 422, **_who(chat_id, partner, form))
    return _page(chat_id, SayForm(formdata=None), 422, form)


# ---- what the templates are given -----------------------------------------------------------


def _list(connection: Connection) -> dict[str, object]:
    """The list of chats, and whether there are more."""
    everything = "all" in request.args
    listed = panel_chats.latest(connection, None if everything else LISTED + 1)
    cut = not everything and len(listed) > LISTED
    return {"chats": listed[:LISTED] if cut else listed, "has_more": cut, "agents": _known()}


def _who(chat_id: int, partner: Partner, form: ModelForm | None = None) -> dict[str, object]:
    if form is None:
        form = ModelForm(formdata=None, data={"model": partner.model})
    with db().read() as connection:
        favoured = favourites.load(connection)
    return {"chat_id": chat_id, "partner": partner, "model_form": form, "favourites": favoured}


def _shown(chat_id: int, talk: Talk, after: int = 0) -> dict[str, object]:
    last = talk.done[-1].id if talk.done else after
    partial = _partial(talk.running.id) if talk.running else ""
    end = Now(talk, last, partial, _excuse(talk))
    return {"chat_id": chat_id, "end": end, "agents": _known()}


def _partner(connection: Connection, chat: Chat) -> Partner:
    """By the same rules as the jobs choose."""
    current, registry = settings.load(connection), agents().load()
    found = routing.route(
        sticky=chat.sticky(now()),
        sender_default=None,
        fallback=current.default_agent,
        registry=registry.agents.keys(),
    )
    if found.agent is None:
        return Partner(None, found.missing)
    agent = registry.agents[found.agent]
    own = own_model(agent.model, current.default_model)
    model = panel_chats.chosen_model(connection, chat.id, agent.id) or own
    return Partner(agent, found.missing, model, own, _problem(connection, model))


def _problem(connection: Connection, model: str) -> str:
    """Why this model can't be asked; empty when it can."""
    try:
        provider_keys.access(connection, config()).check(ModelName.parse(model))
    except InvalidModel as error:
        return str(error)
    return ""


def _can_ask(connection: Connection, form: ModelForm) -> bool:
    """Else the sentence why not is beside the field, and nothing changes."""
    problem = _problem(connection, form.model.data) if form.model.data else ""
    form.model.errors = [problem] if problem else []
    return not problem


def _partial(turn_id: int) -> str:
    try:
        return live().read_partial(turn_id)
    except RedisError as error:
        current_app.logger.warning("Redis does not answer: %s", error)
        return ""


def _excuse(talk: Talk) -> str:
    """Why nobody takes up what has waited for a while; empty when there is no reason known."""
    if talk.running or not talk.waiting or now() - talk.waiting[0].at < PATIENCE:
        return ""
    seen = read_process_health()
    if not seen.redis:
        return "redis"
    return "" if seen.jobs else "jobs"


def _known() -> dict[str, Agent]:
    return dict(agents().load().agents)


# ---- small things ---------------------------------------------------------------------------


def _say(connection: Connection, chat: Chat, text: str) -> None:
    panel_chats.say(connection, chat, text, g.owner.name, now())


def _choose(connection: Connection, chat: Chat, agent: Agent, model: str | None) -> None:
    conversation = contexts.current(connection, chat.id, agent.id, now())
    contexts.choose_model(connection, conversation.id, model)
    detail = f"{model or 'their own'} for {agent.id} in chat {chat.id}"
    audit.record(connection, g.owner.name, "chat model chosen", detail, now())


def _turns() -> Turns:
    return Turns(live().redis)


def _found(connection: Connection, chat_id: int) -> Chat:
    """The chat. Aborts with 404 when there is no such chat in the panel."""
    return panel_chats.get(connection, chat_id) or abort(404)


def _preselected() -> str | None:
    """The agent in the address, else the default one, if they are there."""
    with db().read() as connection:
        default = settings.load(connection).default_agent
    known = agents().load().agents
    asked = request.args.get("agent")
    return next((name for name in (asked, default) if name in known), None)


def _address(chat_id: int) -> str:
    return address_of("chat.show", chat_id=chat_id, _anchor="now")


@bp.app_template_filter("markdown")
def _markdown(text: str) -> Markup:
    return Markup(html.from_markdown(text))


@bp.app_template_filter("whatsapp")
def _whatsapp(text: str) -> Markup:
    return Markup(chat_html.from_whatsapp(text))


@bp.app_template_filter("for_owner")
def _for_owner(error_code: str) -> str:
    """What a failure means and what to do; empty for a code of another version."""
    try:
        return Failure(error_code).for_owner
    except ValueError:
        return ""
