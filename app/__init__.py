"""The control panel and the API: what a browser or a program talks to. Never loads neonize."""

import hashlib
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx

from app.account import api_keys, audit_log, second_factor_views, sign_in, views
from app.agents import permissions
from app.agents import views as agents
from app.allowlist import csv_import, people
from app.allowlist import views as allowlist
from app.api import bp as api
from app.chat import views as chat
from app.conversations import export, takeover, traces
from app.conversations import views as conversations
from app.diagnostics import metrics, up
from app.diagnostics import views as diagnostics
from app.models import providers
from app.models import views as models
from app.overview import views as overview
from app.web import compression, errors, headers, toasts, words
from app.web.ext import Services
from app.web.indents import ShortIndents
from app.whatsapp import views as whatsapp
from config import ROOT, Config
from store.account import owner
from store.agents.agents import AgentFolder
from store.redis import valkey
from store.redis.live import Live
from store.sql.engine import Database
from store.sql.secret import load_secret_key

FORM_LIMIT = 256 * 1024  # bytes; the panel's forms are short

_SETTINGS = {
    "SESSION_COOKIE_NAME": "djinnbot",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "PERMANENT_SESSION_LIFETIME": owner.SESSION_IDLE,
    "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),  # addresses change with the content
    "MAX_CONTENT_LENGTH": FORM_LIMIT,
    "WTF_CSRF_TIME_LIMIT": None,  # as long as the session
}

_BLUEPRINTS = (
    sign_in.bp,
    overview.bp,
    diagnostics.bp,
    whatsapp.bp,
    allowlist.bp,
    people.bp,
    permissions.bp,
    chat.bp,
    conversations.bp,
    takeover.bp,
    export.bp,
    traces.bp,
    agents.bp,
    models.bp,
    providers.bp,
    api_keys.bp,
    views.bp,
    second_factor_views.bp,
    audit_log.bp,
    metrics.bp,
    up.bp,
    api,
)


class Panel(Flask):
    """Flask, but an error in the log names the view and not the address, which may hold the
    set-up link's token."""

    session_interface = headers.SessionCookie()

    def log_exception(self, exc_info) -> None:  # type: ignore[no-untyped-def]
        self.logger.error("Error in %s %s", request.method, request.endpoint, exc_info=exc_info)


def create_app(config: Config) -> Flask:
    """The whole web application, ready to serve. Opens no connection yet."""
    app = build_app()
    attach_services(app, config)
    return app


def attach_services(app: Flask, config: Config) -> None:
    """From now on `app` works with what `config` names. Opens no connection yet."""
    app.config["SECRET_KEY"] = load_secret_key(config)
    Services(
        config=config,
        db=Database(config.database, pool_size=20),
        live=Live(valkey.connect(config.redis)),
        agents=AgentFolder(config.agents_dir),
    ).init_app(app)


def build_app() -> Flask:
    """The web application without the services that it works with."""
    app = Panel("app", template_folder=str(ROOT / "templates"), static_folder="static")
    app.config.update(_SETTINGS)
    Htmx(app)
    app.before_request(
        sign_in.admit_request
    )  # before the CSRF check: an ended session is reported as such
    app.before_request(csv_import.allow_upload)  # before the form is read
    csrf = CSRFProtect(app)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    csrf.exempt(api)
    app.after_request(headers.add_headers)
    app.after_request(compression.shrink)
    errors.register_handlers(app)
    app.jinja_env.globals |= {"asset": find_asset, "read_toasts": toasts.read_toasts}
    app.jinja_env.filters.update(words.FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension(ShortIndents)
    # Known in all templates: a block that is rendered alone does not see its page's imports.
    macros = vars(app.jinja_env.get_template("macros.html").module)
    app.jinja_env.globals.update(
        {name: macro for name, macro in macros.items() if not name.startswith("_")}
    )
    return app


def find_asset(name: str) -> str:
    """The address of a file in static/, new whenever its content is. Each icon asks for it, which
    makes `url_for` the dearest part of a long page."""
    return f"{request.script_root}{current_app.static_url_path}/{name}?v={_hash_file(name)}"


@lru_cache
def _hash_file(name: str) -> str:
    content = (Path(__file__).parent / "static" / name).read_bytes()
    return hashlib.sha256(content).hexdigest()[:10]
