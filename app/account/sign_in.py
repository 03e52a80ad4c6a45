"""The owner's account: made once by a one-time link, then a name and a password.

The cookie holds a random token and nothing else; the session behind it lives in SQL, so that it
can be ended from anywhere.
"""

from urllib.parse import urlsplit

from flask import (
    Blueprint,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.account import passwords, second_factor
from app.account.forms import LoginForm, SecondStepForm, SetupForm
from app.account.second_factor import Proof
from app.web import respond
from app.web.acts import record_act
from app.web.ext import db, now
from app.web.throttle import Refusal
from app.web.toasts import toast
from store.account import audit, owner
from store.account.audit import Action

bp = Blueprint("auth", __name__)

# Blueprints and endpoints that anyone may see. All others ask for a signed-in owner.
OPEN_BLUEPRINTS = frozenset({"up", "api", "metrics"})
OPEN_ENDPOINTS = frozenset(
    {"static", "auth.log_in", "auth.enter_code", "auth.set_up", "auth.choose_theme"}
)
THEMES = ("light", "dark", "auto")
THEME_SECONDS = 365 * 24 * 3600
HALFWAY_SECONDS = 10 * 60  # from the right password to the second factor's code


def admit_request() -> ResponseReturnValue | None:
    """Before every request: find out who asks, and send strangers to the login page."""
    g.owner = g.browser = None
    if request.endpoint is None or request.endpoint == "static":
        return None
    if request.blueprint in OPEN_BLUEPRINTS:
        return None
    _find_session()
    if g.browser is not None or request.endpoint in OPEN_ENDPOINTS:
        return None
    return _send_to_login()


def _find_session() -> None:
    token = session.get("token")
    if not token:
        return
    with db().read() as connection:
        g.browser = owner.find_session(connection, token, now())
        g.owner = owner.load(connection) if g.browser else None
    if g.browser and not _is_poll() and now() - g.browser.last_seen_at > owner.SEEN_EVERY:
        with db().write() as connection:
            owner.touch_session(connection, g.browser.id, now())
        session.modified = True  # the cookie's own end moves along


def _is_poll() -> bool:
    """A page that is left open refreshes itself without being used."""
    return bool(respond.read_htmx()) and request.method == "GET"


def _send_to_login() -> ResponseReturnValue:
    """Signing in leads back to where the owner was: for a form, the page that it was on."""
    is_form = request.method != "GET"
    here: str | None = request.referrer if is_form else request.full_path.rstrip("?")
    htmx = respond.read_htmx()
    if htmx:
        here = htmx.current_url
    # What was sent is not done; the login page says so.
    login = url_for("auth.log_in", next=find_local_path(here), unsent=1 if is_form else None)
    if htmx:
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = login
        return answer
    return redirect(login, code=303)


def find_local_path(address: str | None) -> str | None:
    """The path and query of an address of ours, None if it is not or if it leads nowhere."""
    if not address or "\\" in address or any(ord(char) < 33 for char in address):
        return None
    parts = urlsplit(address)
    if parts.netloc and parts.netloc != request.host:
        return None
    path = parts.path
    if not path.startswith("/") or path.startswith("//") or path == url_for("auth.log_in"):
        return None
    return f"{path}?{parts.query}" if parts.query else path


@bp.route("/setup/<token>", methods=["GET", "POST"])
def set_up(token: str) -> ResponseReturnValue:
    """The one-time link: make the owner's account, or choose a new password for it."""
    with db().read() as connection:
        account = owner.load(connection)
        is_first = account is None and owner.is_setup_token(connection, token)
        is_reset = account is not None and owner.is_reset_token(connection, token, now())
    if not is_first and not is_reset:
        return _refuse_link(account)
    form = SetupForm(username=account.name if account else None)
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render_template("account/setup.html", form=form, account=account), status
    if not _store_account(form, is_reset):
        return redirect(url_for("auth.log_in"), code=303)
    toast("account_reset" if is_reset else "account_made")
    return redirect(url_for("overview.show_overview"), code=303)


def _refuse_link(account: owner.Owner | None) -> ResponseReturnValue:
    if account is None:
        return render_template("account/used_up.html"), 410
    toast("account_exists", "info")
    return redirect(url_for("auth.log_in"), code=303)


def _store_account(form: SetupForm, is_reset: bool) -> bool:
    """Make or replace the account and sign in. False if another browser was faster."""
    name, password_hash = form.username.data, passwords.hash_password(form.password.data)
    with db().write() as connection:
        if is_reset:
            made = owner.reset(connection, name, password_hash)
        else:
            made = owner.create(connection, name, password_hash, now())
        if made:
            audit.record(
                connection,
                name,
                Action.ACCOUNT_RESET if is_reset else Action.ACCOUNT_MADE,
                "",
                now(),
            )
            _sign_in(connection, name)
    return made


@bp.route("/login", methods=["GET", "POST"])
def log_in() -> ResponseReturnValue:
    following = find_local_path(request.args.get("next"))
    if g.browser is not None:
        return redirect(following or url_for("overview.show_overview"), code=303)
    with db().read() as connection:
        account = owner.load(connection)
    if account is None:
        return render_template("account/no_account.html")
    form = LoginForm()
    if not form.validate_on_submit():
        return _show_login(form, 422 if form.is_submitted() else 200)
    refusal = passwords.find_refusal(account, form.password.data, form.username.data)
    if refusal:
        form.password.errors = [refusal.text]
        return _show_login(form, refusal.status)
    if account.totp_secret:
        session["halfway"] = {"since": now().timestamp(), "of": _stamp_password(account)}
        return redirect(url_for("auth.enter_code", next=following), code=303)
    passwords.get_login_throttle(account.name).forget()
    with db().write() as connection:
        _sign_in(connection, account.name)
    return redirect(following or url_for("overview.show_overview"), code=303)


@bp.route("/login/code", methods=["GET", "POST"])
def enter_code() -> ResponseReturnValue:
    """The second step, for a browser that has just given the right password."""
    following = find_local_path(request.args.get("next"))
    with db().read() as connection:
        account = owner.load(connection)
    if account is None or not _is_halfway(account):
        return redirect(url_for("auth.log_in", next=following), code=303)
    form = SecondStepForm()
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        return render_template("account/code.html", form=form), status
    with db().write() as connection:
        proof = second_factor.check_code(connection, account, form.code.data, now())
        if isinstance(proof, Proof):
            _sign_in(connection, account.name, proof)
    if isinstance(proof, Refusal):
        form.code.errors = [proof.text]
        return render_template("account/code.html", form=form), proof.status
    passwords.get_login_throttle(account.name).forget()
    if proof is Proof.RECOVERY:
        left = account.recovery_codes_left - 1
        toast("recovery_code_used", "warning", left=left)
    return redirect(following or url_for("overview.show_overview"), code=303)


@bp.post("/logout")
def log_out() -> ResponseReturnValue:
    with db().write() as connection:
        owner.end_session(connection, g.browser.id)
        record_act(connection, Action.SIGNED_OUT)
    session.clear()
    toast("signed_out", "info")
    return redirect(url_for("auth.log_in"), code=303)


@bp.post("/theme")
def choose_theme() -> ResponseReturnValue:
    """Light, dark or as the device has it. Kept in a cookie: it belongs to this browser."""
    chosen = request.form.get("theme")
    if chosen not in THEMES:
        abort(400)
    answer: Response = redirect(
        find_local_path(request.referrer) or url_for("overview.show_overview"), code=303
    )
    answer.set_cookie(
        "theme", chosen, max_age=THEME_SECONDS, samesite="Lax", secure=request.is_secure
    )
    return answer


@bp.app_context_processor
def read_theme() -> dict[str, str]:
    chosen = request.cookies.get("theme", "auto")
    return {"theme": chosen if chosen in THEMES else "auto"}


def _show_login(form: LoginForm, status: int) -> ResponseReturnValue:
    return render_template("account/login.html", form=form), status


def _is_halfway(account: owner.Owner) -> bool:
    """Whether this browser gave the right password a moment ago; the signed cookie says so."""
    given = session.get("halfway") or {"since": 0, "of": ""}
    is_fresh = now().timestamp() - given["since"] <= HALFWAY_SECONDS
    return bool(account.totp_secret) and is_fresh and given["of"] == _stamp_password(account)


def _stamp_password(account: owner.Owner) -> str:
    """Another one for another password, so that changing it ends what is half done."""
    return owner.fingerprint(account.password_hash)[:16]


def _sign_in(connection: Connection, name: str, proof: Proof | None = None) -> None:
    """A fresh browser session; whatever the cookie held before is gone, its CSRF token too."""
    agent, address = request.user_agent.string, request.remote_addr or ""
    token = owner.open_session(connection, agent, address, now())
    how = ", with a recovery code" if proof is Proof.RECOVERY else ""
    audit.record(connection, name, Action.SIGNED_IN, address + how, now())
    session.clear()
    session.permanent = True
    session["token"] = token
