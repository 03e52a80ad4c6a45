"""Agents: who there is, how they are used, and everything an owner may change about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from app.agents.forms import AgentForm, NewAgentForm
from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, config, db, now
from app.web.toasts import Undo, toast
from config import ROOT
from core.agents import introduction
from core.agents.agent import Agent, BrokenAgent, is_agent_id, system_prompt
from core.channel import Channel
from core.errors import AgentChanged, AgentTaken, InvalidModel, NotWritable, UnknownAgent
from core.models import window
from core.models.catalogue import load_catalogue
from core.models.credentials import Access
from core.models.name import ModelName, own_model
from core.phone import Phone
from store import allowlist, settings
from store.account.audit import Action
from store.agents import favourites, provider_keys
from store.agents.agent_files import AgentFiles, Snapshot
from store.agents.agents import FILE_LIMIT, AgentFolder
from store.pages import agent_use

bp = Blueprint("agents", __name__, url_prefix="/agents")

PAGE = "agents/agent.html"
SHIPPED = ROOT / "agents"
FORM_LIMIT = 2 * 3 * FILE_LIMIT  # bytes: two texts, of which a form may make three times as much
EXAMPLE_PERSON = introduction.introduce("Ana", Phone("+15551234567"))  # for the preview of a prompt
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Start:
    """What a new agent can begin as: a copy of this one."""

    agent: Agent
    files: AgentFiles


@bp.url_value_preprocessor
def _allow_long_texts(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Before anything reads the form: a persona is longer than the panel's other forms."""
    request.max_content_length = request.max_form_memory_size = FORM_LIMIT


@bp.get("/")
def list_agents() -> ResponseReturnValue:
    return render_template("agents/agents.html", **_load_list())


@bp.route("/new", methods=["GET", "POST"])
def create_agent() -> ResponseReturnValue:
    starts = _load_starts()
    titles = {key: f"A copy of {start.agent.title}" for key, start in starts.items()}
    form = NewAgentForm.of(agents().load(), titles)
    if request.method == "GET" or not form.validate() or not _create(form, starts):
        status = 422 if form.errors else 200
        return render_template("agents/new.html", form=form, writable=_is_writable()), status
    toast("agent_made", name=form.name.data)
    return _go_to(url_for("agents.edit_agent", agent_id=form.folder))


@bp.route("/<agent_id>/", methods=["GET", "POST"])
def edit_agent(agent_id: str) -> ResponseReturnValue:
    agent, snapshot = _get_agent(agent_id)
    if isinstance(agent, BrokenAgent):
        return render_template("agents/broken.html", agent=agent, **_load_versions(agent_id))
    posted = request.method == "POST"
    form = AgentForm.of(agent, snapshot.etag, agents().load(), posted)
    if not posted:
        return _show(agent, form)
    if not form.validate():
        return _show(agent, form, 422)
    return _save(agent, snapshot, form)


@bp.get("/<agent_id>/prompt")
def show_prompt(agent_id: str) -> ResponseReturnValue:
    """The exact system prompt on one channel."""
    agent, _ = _get_agent(agent_id)
    if isinstance(agent, BrokenAgent):
        abort(404)
    context = {"agent": agent, **_compose_prompt(agent, request.args.get("channel", ""))}
    return respond.part("agents/prompt.html", block="prompt", **context)


@bp.route("/<agent_id>/previous/<name>", methods=["GET", "POST"])
def restore_file(agent_id: str, name: str) -> ResponseReturnValue:
    """Look at a file as it was before its last change, and take that back."""
    agent, snapshot = _get_agent(agent_id)
    found = _open_files().list_backups(agent_id).get(name) or abort(404)
    if request.method == "GET":
        context = {"agent": agent, "name": name, "previous": found, "etag": snapshot.etag}
        return render_template("agents/previous.html", **context)
    try:
        with db().write() as connection:
            record_act(connection, Action.AGENT_RESTORED, f"{agent_id}: {name}")
            _open_files().restore(agent_id, name, request.form.get("etag", ""))
        toast("file_restored", file=name)
    except (AgentChanged, NotWritable) as error:
        toast("file_not_restored", "warning", problem=str(error))
    return _go_to(url_for("agents.edit_agent", agent_id=agent_id))


@bp.route("/<agent_id>/remove", methods=["GET", "POST"])
def remove_agent(agent_id: str) -> ResponseReturnValue:
    agent, _ = _get_agent(agent_id)
    if request.method == "GET":
        context = {"agent": agent, **_load_ties(agent_id)}
        return respond.part("agents/remove_agent.html", block="question", **context)
    try:
        with db().write() as connection:
            record_act(connection, Action.AGENT_REMOVED, agent_id)
            trashed = _open_files().remove(agent_id, now())
    except NotWritable as error:
        toast("agent_not_removed", "warning", problem=str(error), agent=agent_id)
        return _go_to(url_for("agents.edit_agent", agent_id=agent_id))
    undo = Undo(url_for("agents.recover_agent"), "#agents", {"trashed": trashed})
    name = agent.name if isinstance(agent, Agent) else agent.id
    toast("agent_removed", undo=undo, name=name)
    return _go_to(url_for("agents.list_agents"))


@bp.post("/recover")
def recover_agent() -> ResponseReturnValue:
    """Undo a removal."""
    try:
        with db().write() as connection:
            agent_id = _open_files().recover(request.form.get("trashed", ""))
            record_act(connection, Action.AGENT_RECOVERED, agent_id)
        toast("agent_back", agent=agent_id)
    except (UnknownAgent, AgentTaken, NotWritable) as error:
        toast("as_said", "warning", sentence=str(error))
    home, page = url_for("agents.list_agents"), "agents/agents.html"
    return respond.saved(home, page, block="content", focus="agents", **_load_list())


def _save(agent: Agent, snapshot: Snapshot, form: AgentForm) -> ResponseReturnValue:
    """Write a valid form's texts. The audit's line goes if the files can't be written."""
    try:
        with db().write() as connection:
            detail = f"{agent.id}: {', '.join(form.list_changes(agent))}"
            record_act(connection, Action.AGENT_CHANGED, detail)
            _open_files().write(agent.id, form.etag.data or "", form.make_texts(agent, snapshot))
    except AgentChanged as error:
        form.form_errors.append(
            f"{error} Where something else is there now, you see it below the field. Saving "
            "again puts yours in its place."
        )
        form.etag.data, form.etag.raw_data = snapshot.etag, None
        return _show(agent, form, 422, theirs=form.list_theirs(agent))
    except NotWritable as error:
        form.form_errors.append(f"{error} Nothing was saved.")
        return _show(agent, form, 422)
    toast("agent_saved")
    saved, fresh = _get_agent(agent.id)
    home = url_for("agents.edit_agent", agent_id=agent.id)
    if isinstance(saved, BrokenAgent):
        return _go_to(home)
    context = _load_page(saved, AgentForm.of(saved, fresh.etag, agents().load()))
    return respond.saved(home, PAGE, block="content", focus="save", **context)


def _create(form: NewAgentForm, starts: Mapping[str, Start]) -> bool:
    """False, and a sentence in the form, when there can't be such an agent."""
    start = starts.get(form.start.data or "")
    copied = start.files.read(start.agent.id).texts if start else {}
    try:
        with db().write() as connection:
            detail = f"{form.folder}: {form.start.data or 'empty'}"
            record_act(connection, Action.AGENT_CREATED, detail)
            _open_files().create(
                form.folder, form.make_texts(copied, start.agent if start else None)
            )
    except AgentTaken as error:
        form.agent_id.errors = [f"{error} Choose another name for the new one."]
        return False
    except NotWritable as error:
        form.form_errors.append(str(error))
        return False
    return True


def _show(
    agent: Agent, form: AgentForm, status: int = 200, theirs: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    context = {**_load_page(agent, form), "theirs": theirs or {}}
    return respond.part(PAGE, block="content", status=status, **context)


def _go_to(address: str) -> Response:
    """To another page, for htmx too."""
    if not respond.is_part_wanted():
        return redirect(address, code=303)
    return Response(headers={"HX-Redirect": address})


def _open_files() -> AgentFiles:
    return AgentFiles(agents().path)


def _is_writable(agent_id: str = "") -> bool:
    return _open_files().is_writable(agent_id) or not agents().path.exists()


def _get_agent(agent_id: str) -> tuple[Agent | BrokenAgent, Snapshot]:
    """The agent and its files. Aborts with 404 when there is none that a page can show."""
    try:
        snapshot = _open_files().read(agent_id)
    except NotWritable:
        snapshot = Snapshot({})  # can't be read: broken
    except UnknownAgent:
        abort(404)
    registry = agents().load()
    broken = {agent.id: agent for agent in registry.broken}
    return registry.agents.get(agent_id) or broken.get(agent_id) or abort(404), snapshot


def _load_starts() -> Mapping[str, Start]:
    """Agents to copy: those that are there, and those that we ship."""
    own, shipped = agents().load().agents, AgentFolder(SHIPPED).load().agents
    files = AgentFiles(SHIPPED)
    starts = {f"own:{agent.id}": Start(agent, _open_files()) for agent in own.values()}
    others = [agent for agent in shipped.values() if agent.id not in own]
    return starts | {f"shipped:{agent.id}": Start(agent, files) for agent in others}


def _load_list() -> dict[str, Any]:
    """What `agents.html` shows: the agents, the most lately used first."""
    registry = agents().load()
    with db().read() as connection:
        uses, current = agent_use.load(connection), settings.load(connection)
        access = provider_keys.read_access(connection, config())
    default_model = own_model(None, current.default_model)
    last = {agent_id: use.last_used_at for agent_id, use in uses.items()}
    listed = sorted(registry.agents.values(), key=lambda agent: agent.name.casefold())
    listed.sort(key=lambda agent: last.get(agent.id, NEVER), reverse=True)
    return {
        "agents": listed,
        "broken": [(agent, is_agent_id(agent.id)) for agent in registry.broken],
        "uses": uses,
        "troubles": {agent.id: _find_troubles(agent, default_model, access) for agent in listed},
        "default_agent": current.default_agent,
        "default_model": default_model,
        "writable": _is_writable(),
        "folder": agents().path,
    }


def _find_troubles(agent: Agent, default_model: str, access: Access) -> Sequence[str]:
    """What will not work, although the agent is there."""
    try:
        access.check(ModelName.parse(agent.model or default_model))
    except InvalidModel as error:
        found = f"model: {error}"
        return list(dict.fromkeys([found, *agent.warnings]))
    return agent.warnings


def _load_page(agent: Agent, form: AgentForm) -> dict[str, Any]:
    """What `agent.html` shows."""
    with db().read() as connection:
        current, access = settings.load(connection), provider_keys.read_access(connection, config())
        models = [
            *favourites.load(connection),
            *(n for n in load_catalogue() if n.partition("/")[0] in access.keys),
        ]
    return {
        "agent": agent,
        "form": form,
        "theirs": {},
        "models": list(dict.fromkeys(models)),
        "default_model": own_model(None, current.default_model),
        **_compose_prompt(agent, Channel.WHATSAPP),
        **_load_versions(agent.id),
    }


def _load_versions(agent_id: str) -> dict[str, Any]:
    return {"previous": _open_files().list_backups(agent_id), "writable": _is_writable(agent_id)}


def _compose_prompt(agent: Agent, channel: str) -> dict[str, Any]:
    shown = Channel(channel) if channel in list(Channel) else Channel.WHATSAPP
    text = system_prompt(agent, shown, EXAMPLE_PERSON if shown is Channel.WHATSAPP else "")
    return {"channel": shown.value, "prompt": text, "tokens": window.of_text(text)}


def _load_ties(agent_id: str) -> dict[str, Any]:
    """Where the agent is named; these then fall through to the next in line."""
    with db().read() as connection:
        entries = [entry for entry in allowlist.load(connection) if entry.agent == agent_id]
        is_default = settings.load(connection).default_agent == agent_id
    return {"entries": entries, "is_default": is_default}
