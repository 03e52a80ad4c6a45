"""The WhatsApp page: linking an account and the settings.

The status is a fragment that polls itself while something is about to change. What is being asked
for travels in its address, so that any web process can answer the next poll.
"""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.web.answer import elsewhere, fragment
from app.web.ext import agents, db, live, now
from app.web.forms import CodeForm, SettingsForm
from app.web.process_health import read_process_health
from app.web.toasts import toast
from app.whatsapp import linking
from app.whatsapp.linking import Question, Screen
from app.whatsapp.qr import draw
from core.phone import Phone
from core.settings import Settings
from store import link, settings
from store.account import audit
from store.redis.live import Wish

bp = Blueprint("whatsapp", __name__, url_prefix="/whatsapp")

VERSION_WAIT = timedelta(seconds=30)  # the worker says every 5 seconds which version it runs


@bp.get("/")
def index() -> ResponseReturnValue:
    return _page()


@bp.get("/link")
def wizard() -> ResponseReturnValue:
    """The status alone, for browsers without scripts: it reloads itself while something is about
    to change, and there is nothing on it that could be lost by that."""
    return render_template("whatsapp/wizard.html", code_form=CodeForm(formdata=None), **_status())


@bp.get("/status")
def status() -> ResponseReturnValue:
    """The fragment. 204 when it would look the same: then htmx leaves the page alone. `kept`: the
    owner was asked whether to unlink, and goes on from where that question came up."""
    if not request.htmx:
        return redirect(url_for("whatsapp.wizard", **address(_asked())), code=303)
    context = _status()
    if request.args.get("seen") == context["screen"].fingerprint:
        return "", 204
    focus = "unlink" if "kept" in request.args else ""
    return fragment("whatsapp/_status.html", focus=focus, announce=True, **context)


@bp.post("/link")
def start() -> ResponseReturnValue:
    return _ask("link")


@bp.post("/code")
def code() -> ResponseReturnValue:
    form = CodeForm()
    if form.validate():
        return _ask("code", form)
    if request.htmx:
        return elsewhere(fragment("whatsapp/_code.html", 422, code_form=form), "#link-code")
    return render_template("whatsapp/wizard.html", code_form=form, **_status()), 422


@bp.post("/cancel")
def cancel() -> ResponseReturnValue:
    return _ask("cancel")


@bp.post("/take-over")
def take_over() -> ResponseReturnValue:
    return _ask("take_over")


@bp.get("/unlink")
def confirm_unlink() -> ResponseReturnValue:
    with db().read() as connection:
        linked = link.load(connection)
    if not linked.is_linked:
        return redirect(url_for("whatsapp.index"), code=303)
    if request.htmx:
        return fragment("whatsapp/_unlink.html", link=linked)
    return render_template("whatsapp/unlink.html", link=linked)


@bp.post("/unlink")
def unlink() -> ResponseReturnValue:
    return _ask("unlink")


@bp.post("/settings")
def save() -> ResponseReturnValue:
    registry = agents().load()
    with db().write() as connection:
        before = settings.load(connection)
        form = SettingsForm.of(before, registry, posted=True)
        if not form.validate() or not _is_current(form, before):
            return _settings_refused(form, before)
        after = settings.save(connection, form.to_settings(before), now())
        audit.record(connection, g.owner.name, "settings saved", _changes(before, after), now())
    toast("settings_saved", version=after.version)
    if not request.htmx:
        return redirect(url_for("whatsapp.index", _anchor="settings"), code=303)
    form = SettingsForm.of(after, registry)
    return fragment("whatsapp/_settings.html", form=form, focus="save", **_version(after.version))


@bp.get("/version")
def version() -> ResponseReturnValue:
    """The line that proves which settings the worker runs."""
    with db().read() as connection:
        saved = settings.load(connection).version
    line = _version(saved)
    if line["waits"] and request.args.get("seen") == str(line["running"]):
        return "", 204
    return render_template("whatsapp/_version.html", **line)


def _ask(wish: Wish, form: CodeForm | None = None) -> ResponseReturnValue:
    """Ask the worker and show that it was asked. Nothing is asked when there is nobody to hear.
    `form` has the number that wants a code."""
    phone: Phone | None = form.phone.data if form else None
    if not read_process_health().workers:
        toast("no_worker", "warning")
        question = None
    else:
        question = Question(wish, live().request(wish, phone), now())
        with db().write() as connection:
            audit.record(connection, g.owner.name, f"asked to {wish}", phone or "", now())
    if request.htmx:
        context = _status(question)
        return fragment("whatsapp/_asked.html", announce=True, code_form=form, **context)
    return redirect(url_for("whatsapp.wizard", **address(question)), code=303)


def _page(status: int = 200, form: SettingsForm | None = None) -> ResponseReturnValue:
    with db().read() as connection:
        current = settings.load(connection)
    form = form or SettingsForm.of(current, agents().load())
    context = _status() | _version(current.version) | {"code_form": CodeForm(formdata=None)}
    return render_template("whatsapp/index.html", form=form, **context), status


def _settings_refused(form: SettingsForm, current: Settings) -> ResponseReturnValue:
    if not request.htmx:
        return _page(422, form)
    version = _version(current.version)
    return fragment("whatsapp/_settings.html", 422, form=form, **version)


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


def _changes(before: Settings, after: Settings) -> str:
    """`enabled: False → True, …` for the audit log."""
    old, new = asdict(before), asdict(after)
    return ", ".join(f"{name}: {old[name]} → {new[name]}" for name in new if old[name] != new[name])


def _status(question: Question | None = None) -> dict[str, object]:
    """What `_status.html` shows. The question is the one just asked, or the address's."""
    with db().read() as connection:
        linked = link.load(connection)
    question = question or _asked()
    since = _instant(request.args.get("since")) or now()
    screen = linking.look(read_process_health(), linked, question, since, now())
    return {
        "screen": screen,
        "qr": draw(screen.status.qr) if screen.status and screen.status.qr else None,
        "again": _poll_address(screen, since),
        "now": now(),
    }


def _asked() -> Question | None:
    """The question in this request's address."""
    args = request.args
    return Question.read(args.get("wish"), args.get("attempt"), _instant(args.get("at")))


def _poll_address(screen: Screen, since: datetime) -> str:
    return url_for(
        "whatsapp.status",
        **address(screen.question),
        since=int(since.timestamp()),
        seen=screen.fingerprint,
    )


def address(question: Question | None) -> dict[str, str]:
    """The question as parameters of an address. None of them is a secret."""
    if question is None:
        return {}
    at = str(int(question.at.timestamp()))
    return {"wish": question.wish, "attempt": question.attempt, "at": at}


def _version(saved: int) -> dict[str, object]:
    """What `_version.html` shows: it looks again until the worker has caught up."""
    seen = read_process_health()
    running = seen.holder.settings_version if seen.holder else None
    since = _instant(request.args.get("since")) or now()
    waits = seen.holder is not None and running != saved and now() - since < VERSION_WAIT
    return {
        "saved": saved,
        "running": running,
        "holder": seen.holder,
        "waits": waits,
        "since": int(since.timestamp()),
    }


def _instant(seconds: str | None) -> datetime | None:
    """From an address: seconds since 1970."""
    if not seconds or not seconds.isascii() or not seconds.isdigit() or len(seconds) > 11:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
