"""From an error to what a person reads: a page, a toast's sentence for htmx, JSON for the API."""

from dataclasses import dataclass

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from redis import RedisError
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from app.web import respond

API_PREFIX = "/v1/"


@dataclass(frozen=True)
class Notice:
    """What an error page says."""

    title: str
    text: str


OUT_OF_DATE = 419  # not registered anywhere, but widely understood: the page's token is too old
NOTICES = {
    400: Notice("That request was not understood", "Go back and try it again."),
    404: Notice("There is no such page", "It may have been removed, or the address is mistyped."),
    405: Notice("That is not possible here", "Go back and use the page's own buttons."),
    413: Notice("That is too much at once", "Shorten what you entered and try again."),
    OUT_OF_DATE: Notice(
        "This page is out of date",
        "You signed in again since it was opened, or it was open for very long. Reload it and "
        "repeat what you did.",
    ),
    429: Notice("Too many attempts", "Wait a few minutes, then try again."),
    500: Notice("Something went wrong", "It is in the log. Nothing that you saved is lost."),
    503: Notice("A part of the product does not answer", "Try again in a moment."),
}
DATABASE_AWAY = Notice("The database does not answer", "Check that it runs, then reload the page.")
REDIS_AWAY = Notice(
    "Redis does not answer", "Nothing is lost, but the worker can't be reached. Check that it runs."
)


def register_handlers(app: Flask) -> None:
    app.register_error_handler(CSRFError, lambda error: _answer(OUT_OF_DATE))
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(DBAPIError, lambda error: _answer_outage(app, error, DATABASE_AWAY))
    app.register_error_handler(RedisError, lambda error: _answer_outage(app, error, REDIS_AWAY))


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error  # a redirect that was raised
    return _answer(error.code)


def _answer_outage(app: Flask, error: Exception, notice: Notice) -> ResponseReturnValue:
    """The log has the cause, without the statement's values."""
    cause = getattr(error, "orig", error)
    app.logger.error("%s in %s: %s", notice.title, request.endpoint, cause)
    return _answer(503, notice)


def _answer(status: int, notice: Notice | None = None) -> ResponseReturnValue:
    notice = notice or NOTICES.get(status) or NOTICES[400 if status < 500 else 500]
    if request.path.startswith(API_PREFIX):
        return {"detail": notice.title}, status
    if respond.read_htmx():
        return (
            f"{notice.title}. {notice.text}",
            status,
            {"Content-Type": "text/plain; charset=utf-8"},
        )
    return render_template("error.html", notice=notice, status=status), status
