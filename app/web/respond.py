"""How a view answers: with a whole page for a plain browser, with a block of it for htmx.

A page is one template whose parts are blocks, `{% block keys %}`. A block is rendered alone, so
what it needs stands inside of it: `{% from %}` and `{% set %}` at the top of a page are not seen.
The macros of macros.html are known everywhere (see `app.create_app`).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from flask import make_response, redirect, render_template, request
from htmx_flask.requests import HtmxAwareRequest, HtmxHeaders
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response


def read_htmx() -> HtmxHeaders:
    """What htmx says of itself in this request; false for a plain browser and for programs."""
    return cast(HtmxAwareRequest, request).htmx


def is_part_wanted() -> bool:
    """Whether htmx asks for a part of a page, and not for a page that it shows by itself."""
    htmx = read_htmx()
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def part(
    template: str,
    *,
    block: str,
    status: int = 200,
    focus: str = "",
    into: str = "",
    home: str = "",
    rest: Callable[[], Mapping[str, Any]] = dict,
    **context: Any,
) -> Response:
    """The block with the toasts of this request for htmx, else the page.

    `focus` is the id of the element that has the keyboard's focus afterwards, for when the one
    that had it is gone. htmx puts the block in place of `into`, a selector, instead of where it
    planned. `home` is the address of the page that shows the block, where the template is no page
    of its own: a plain browser is sent there. `rest` loads what only the whole page needs; what
    the context has comes before it.
    """
    if not is_part_wanted():
        if home:
            return redirect(home, code=303)
        return make_response(render_template(template, **{**rest(), **context}), status)
    html = render_block(template, block, **context) + "\n" + render_template("_toasts.html")
    answer = make_response(html, status)
    if focus:
        answer.headers["HX-Trigger-After-Settle"] = json.dumps({"djinn:focus": focus})
    if into:
        answer.headers["HX-Retarget"] = into
        answer.headers["HX-Reswap"] = "outerHTML"
    return answer


def saved(address: str, template: str, *, block: str, focus: str = "", **context: Any) -> Response:
    """After a form that was carried out: on to the page at `address`, so that reloading does not
    send it again; for htmx the block as it is now, with the toasts."""
    return part(template, block=block, focus=focus, home=address, **context)


def unchanged(mark: str) -> Response | None:
    """204 when htmx has what is marked so already: its address says `seen`. Else None."""
    is_seen = is_part_wanted() and request.args.get("seen") == mark
    return make_response("", 204) if is_seen else None


def fingerprint(*facts: object) -> str:
    """The mark of what a block is made of: another one when it would look different."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
