"""The phones page: handsets, faults and what the wire carries."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from app.web import headers
from demo.folder import make_panel_url
from demo.product import Product
from demo.stream import Watcher
from demo.world import faults
from demo.world.people import GUESTS, OWNER
from demo.world.samples import SAMPLES
from demo.world.verbs import MOST_NAME, PICTURES, VERBS, Order, send_file
from demo.world.world import Refused, World

COOKIE = "djinnbot-demo"
POLICY = f"{headers.POLICY}; media-src 'self'"  # voice notes
SHOWN = PICTURES | {"audio/wav", "audio/ogg"}
FILE_LIMIT = 8 * 1024 * 1024  # bytes
THEMES = ("light", "dark")
NO_QR = "The panel shows no QR code. Open its WhatsApp page and press “Link device” there."
OPEN_TO_ALL = frozenset({"phones.enter", "static"})

bp = Blueprint("phones", __name__)


@dataclass(frozen=True)
class Demo:
    """What the page is made of, kept in `app.extensions`."""

    world: World
    product: Product
    key: str  # a browser that knows it may use the page
    watcher: Watcher


def make_app(world: World, product: Product, key: str) -> Flask:
    app = Flask("demo")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["demo"] = Demo(world, product, key, Watcher(lambda: look(world, product)))
    app.config["MAX_CONTENT_LENGTH"] = FILE_LIMIT
    app.register_blueprint(bp)
    app.after_request(headers.add_headers)
    return app


def look(world: World, product: Product) -> dict[str, Any]:
    """Everything that the page shows."""
    state = product.look()
    return world.draw() | {
        "panel": {"up": state.up, "qr": state.shows_qr, "code": state.code},
        "allowed": state.allows(GUESTS[0].number),
    }


def demo() -> Demo:
    found: Demo = current_app.extensions["demo"]
    return found


@bp.before_app_request
def admit() -> ResponseReturnValue | None:
    known = request.cookies.get(COOKIE, "")
    if request.endpoint in OPEN_TO_ALL or hmac.compare_digest(known, demo().key):
        return None
    return render_template("stranger.html"), 401


@bp.after_app_request
def protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response


@bp.get("/enter/<key>")
def enter(key: str) -> ResponseReturnValue:
    """The address that is printed at the start."""
    if not hmac.compare_digest(key, demo().key):
        return render_template("stranger.html"), 401
    answer = redirect(url_for("phones.page"), code=303)
    answer.set_cookie(COOKIE, key, httponly=True, samesite="Strict")
    return answer


@bp.get("/")
def page() -> str:
    theme = request.cookies.get("theme")  # the panel's: both look alike
    return render_template(
        "phones.html",
        faults=faults.FAULTS,
        samples=[(sample.id, sample.icon, sample.title) for sample in SAMPLES],
        alice=GUESTS[0],
        owner=OWNER,
        theme=theme if theme in THEMES else "auto",
    )


@bp.get("/panel/", defaults={"path": ""})
@bp.get("/panel/<path:path>")
def panel(path: str) -> ResponseReturnValue:
    """A page of the control panel, signed in."""
    product = demo().product
    if not product.look().up:
        return render_template("starting.html"), 503
    answer = redirect(f"{make_panel_url(product.config)}/{path}", code=303)
    name, value = product.session_cookie()
    answer.set_cookie(name, value, httponly=True, samesite="Lax")
    return answer


@bp.get("/stream")
def stream() -> Response:
    return Response(demo().watcher.watch(), mimetype="text/event-stream")


@bp.get("/wire")
def show_stanzas() -> Mapping[str, Any]:
    """The stanzas after a number."""
    return {"stanzas": demo().world.list_stanzas(request.args.get("after", 0, type=int))}


@bp.get("/file/<number>/<message_id>")
def file(number: str, message_id: str) -> ResponseReturnValue:
    """The file that came with a message. Shown only if it is a picture or a sound."""
    try:
        data, kind, name = demo().world.file(number, message_id)
    except Refused:
        abort(404)
    shown = kind.partition(";")[0] in SHOWN
    answer = Response(data, mimetype=kind if shown else "application/octet-stream")
    if not shown:
        answer.headers.set("Content-Disposition", "attachment", filename=name or "file")
    return answer


@bp.post("/send/<number>/<to>")
def send(number: str, to: str) -> ResponseReturnValue:
    """A file of the person's own."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return {"sentence": "No file was chosen."}, 422
    kind, name = given.mimetype or "application/octet-stream", given.filename[-MOST_NAME:]
    order = Order(phone=number, to=to, text=kind, name=name)
    try:
        demo().world.do(send_file, order, given.read())
    except Refused as refusal:
        return {"sentence": str(refusal)}, 422
    return "", 204


@bp.post("/do/<verb>")
def do(verb: str) -> ResponseReturnValue:
    """Everything that is done with a phone. 422 with a sentence when it can't be."""
    if verb not in VERBS:
        abort(404)
    try:
        order = Order.model_validate(request.get_json())
        if verb == "scan":
            order = order.model_copy(update={"text": _seen_by_the_camera()})
        before = demo().world.faults()
        demo().world.do(VERBS[verb], order)
        if faults.NEEDS_RESTART in before and faults.NEEDS_RESTART not in demo().world.faults():
            demo().product.restart_worker()
    except ValidationError as error:
        return {"sentence": f"That can't be: {error.errors()[0]['msg']}"}, 422
    except Refused as refusal:
        return {"sentence": str(refusal)}, 422
    return "", 204


def _seen_by_the_camera() -> str:
    found = demo().product.qr()
    if found is None:
        raise Refused(NO_QR)
    return found
