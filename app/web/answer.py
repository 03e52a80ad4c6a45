"""Two answers to one form: a page or a redirect for a plain browser, a fragment for htmx."""

import json

from flask import Response, make_response, render_template


def fragment(template: str, status: int = 200, focus: str = "", **context: object) -> Response:
    """A partial with the toasts of this request. `focus` is the id of the element that has the
    keyboard's focus afterwards, for when the one that had it is gone."""
    parts = [render_template(template, **context), render_template("_toasts.html")]
    answer = make_response("\n".join(parts), status)
    if focus:
        answer.headers["HX-Trigger-After-Settle"] = json.dumps({"djinn:focus": focus})
    return answer


def elsewhere(answer: Response, target: str) -> Response:
    """Let htmx put this fragment in place of `target`, a selector, instead of where it planned."""
    answer.headers["HX-Retarget"] = target
    answer.headers["HX-Reswap"] = "outerHTML"
    return answer
