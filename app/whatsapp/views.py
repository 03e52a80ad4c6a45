"""The WhatsApp page: linking an account and the settings.

The status is a fragment that polls itself while something is about to change. What is being asked
for travels in its address, so that any web process can answer the next poll.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.web import respond
from app.web.acts import record_act
from app.web.ext import agents, db, live, now
from app.web.process_health import read_process_health
from app.web.toasts import toast
from app.whatsapp import linking
from app.whatsapp.forms import CodeForm, SettingsForm
from app.whatsapp.linking import Question, Screen
from app.whatsapp.qr import draw_qr
from core.phone import Phone
from core.settings import Settings, describe_changes
from store import link, settings
from store.account.audit import Action
from store.redis.live import Wish

bp = Blueprint("whatsapp", __name__, url_prefix="/whatsapp")

PAGE, WIZARD, LINK = "whatsapp/whatsapp.html", "whatsapp/link.html", "whatsapp/_link.html"
VERSION_WAIT = timedelta(seconds=30)  # the worker says every 5 seconds which version it runs


@bp.get("/")
def show_whatsapp() -> ResponseReturnValue:
    return render_template(PAGE, **_load_page())


@bp.get("/link")
def show_wizard() -> ResponseReturnValue:
    """The status alone, for browsers without scripts: it reloads itself while something is about
    to change, and there is nothing on it that could be lost by that."""
    return render_template(WIZARD, code_form=CodeForm(formdata=None), **_load_status())


@bp.get("/status")
def show_status() -> ResponseReturnValue:
    """The fragment. 204 when it would look the same: then htmx leaves the page alone. `kept`: the
    owner was asked whether to unlink, and goes on from where that question came up."""
    context = _load_status() | {"announce": True}
    home = url_for("whatsapp.show_wizard", **encode_question(_read_question()))
    focus = "unlink" if "kept" in request.args else ""
    unchanged = respond.unchanged(context["screen"].fingerprint)
    return unchanged or respond.part(LINK, block="status", focus=focus, home=home, **context)


@bp.post("/link")
def start_linking() -> ResponseReturnValue:
    return _ask("link")


@bp.post("/code")
def ask_code() -> ResponseReturnValue:
    form = CodeForm()
    if form.validate():
        return _ask("code", form)
    if not respond.is_part_wanted():
        return render_template(WIZARD, code_form=form, **_load_status()), 422
    return respond.part(LINK, block="code", status=422, into="#link-code", code_form=form)


@bp.post("/cancel")
def cancel_linking() -> ResponseReturnValue:
    return _ask("cancel")


@bp.post("/take-over")
def take_over_connection() -> ResponseReturnValue:
    return _ask("take_over")


@bp.get("/unlink")
def confirm_unlink() -> ResponseReturnValue:
    with db().read() as connection:
        linked = link.load(connection)
    if not linked.is_linked:
        return redirect(url_for("whatsapp.show_whatsapp"), code=303)
    return respond.part("whatsapp/unlink.html", block="question", link=linked)


@bp.post("/unlink")
def unlink_account() -> ResponseReturnValue:
    return _ask("unlink")


@bp.post("/settings")
def save_settings() -> ResponseReturnValue:
    registry = agents().load()
    with db().write() as connection:
        before = settings.load(connection)
        form = SettingsForm.of(before, registry, posted=True)
        if not form.validate() or not _is_current(form, before):
            context = {"form": form, **_load_version(before.version)}
            return respond.part(PAGE, block="settings", status=422, rest=_load_page, **context)
        after = settings.save(connection, form.to_settings(before), now())
        changes = describe_changes(before, after)
        record_act(connection, Action.SETTINGS_SAVED, changes)
    toast("settings_saved", version=after.version)
    home = url_for("whatsapp.show_whatsapp", _anchor="settings")
    context = {"form": SettingsForm.of(after, registry), **_load_version(after.version)}
    return respond.saved(home, PAGE, block="settings", focus="save", **context)


@bp.get("/version")
def show_version() -> ResponseReturnValue:
    """The line that proves which settings the worker runs."""
    with db().read() as connection:
        saved = settings.load(connection).version
    line, home = _load_version(saved), url_for("whatsapp.show_whatsapp", _anchor="settings")
    unchanged = respond.unchanged(str(line["running"])) if line["waits"] else None
    return unchanged or respond.part(PAGE, block="version", home=home, **line)


def _ask(wish: Wish, form: CodeForm | None = None) -> ResponseReturnValue:
    """Ask the worker and show that it was asked. Nothing is asked while no worker runs.
    `form` has the number that wants a code."""
    phone: Phone | None = form.phone.data if form else None
    if not read_process_health().workers:
        toast("no_worker", "warning")
        question = None
    else:
        question = Question(wish, live().request(wish, phone), now())
        with db().write() as connection:
            record_act(connection, Action(f"asked to {wish}"), phone or "")
    context = {"announce": True, "code_form": form, "is_asked": True, **_load_status(question)}
    home = url_for("whatsapp.show_wizard", **encode_question(question))
    return respond.saved(home, LINK, block="asked", **context)


def _load_page() -> dict[str, Any]:
    with db().read() as connection:
        current = settings.load(connection)
    return {
        "form": SettingsForm.of(current, agents().load()),
        "code_form": CodeForm(formdata=None),
        **_load_status(),
        **_load_version(current.version),
    }


def _is_current(form: SettingsForm, before: Settings) -> bool:
    """Whether the page showed the settings that are in force. If not, the next try counts."""
    if form.version.data == before.version:
        return True
    form.form_errors.append(
        "The settings were changed elsewhere since this page was opened. Look through them once "
        "more: saving again will put yours in their place."
    )
    form.version.data = before.version
    form.version.raw_data = None
    return False


def _load_status(question: Question | None = None) -> dict[str, Any]:
    """What the block `status` shows. The question is the one just asked, or the address's."""
    with db().read() as connection:
        linked = link.load(connection)
    question = question or _read_question()
    since = _parse_instant(request.args.get("since")) or now()
    screen = linking.choose_screen(read_process_health(), linked, question, since, now())
    return {
        "screen": screen,
        "qr": draw_qr(screen.status.qr) if screen.status and screen.status.qr else None,
        "again": _make_poll_address(screen, since),
        "now": now(),
    }


def _read_question() -> Question | None:
    """The question in this request's address."""
    args = request.args
    return Question.read(args.get("wish"), args.get("attempt"), _parse_instant(args.get("at")))


def _make_poll_address(screen: Screen, since: datetime) -> str:
    return url_for(
        "whatsapp.show_status",
        **encode_question(screen.question),
        since=int(since.timestamp()),
        seen=screen.fingerprint,
    )


def encode_question(question: Question | None) -> dict[str, Any]:
    """The question as parameters of an address. None of them is a secret."""
    if question is None:
        return {}
    at = str(int(question.at.timestamp()))
    return {"wish": question.wish, "attempt": question.attempt, "at": at}


def _load_version(saved: int) -> dict[str, Any]:
    """What the block `version` shows: it looks again until the worker has caught up."""
    seen = read_process_health()
    running = seen.holder.settings_version if seen.holder else None
    since = _parse_instant(request.args.get("since")) or now()
    waits = seen.holder is not None and running != saved and now() - since < VERSION_WAIT
    return {
        "saved": saved,
        "running": running,
        "holder": seen.holder,
        "waits": waits,
        "since": int(since.timestamp()),
    }


def _parse_instant(seconds: str | None) -> datetime | None:
    """From an address: seconds since 1970."""
    if not seconds or not seconds.isascii() or not seconds.isdigit() or len(seconds) > 11:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
