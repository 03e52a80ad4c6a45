"""Every refusal and every failure under /v1 is `{"detail": "a sentence"}` with the right code."""

from flask import Blueprint, Response, current_app, request
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, NotFound, default_exceptions
from werkzeug.routing import RequestRedirect

from app.api.operation import answer
from app.api.wire import Problem
from core.errors import DuplicateEntry, NotConnected

OWN_WORDS = {
    404: "There is nothing at this address; /v1/openapi.json lists what there is.",
    405: "This address does not know this method.",
    413: "The body is too large.",
    500: "Something went wrong here; the log has the details.",
}


def register(bp: Blueprint) -> None:
    answer_in_json(bp)
    bp.before_app_request(_refuse_unknown_route)


def answer_in_json(bp: Blueprint) -> None:
    """Each code by itself: a handler of the app for one code would come before one of ours for
    all."""
    for code in default_exceptions:
        bp.register_error_handler(code, _answer_refusal)
    bp.register_error_handler(DuplicateEntry, lambda error: _answer_problem(409, str(error)))
    bp.register_error_handler(NotConnected, lambda error: _answer_problem(503, str(error)))
    bp.register_error_handler(RedisError, _answer_without_redis)
    bp.register_error_handler(OperationalError, _answer_without_database)


def _answer_refusal(error: HTTPException) -> Response:
    """The sentence given to `abort`, else our own for this code, else the standard's."""
    status = error.code or 500
    said = error.description if error.description != type(error).description else None
    response = _answer_problem(status, said or OWN_WORDS.get(status) or error.name)
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers.add(name, value)
    return response


def _refuse_unknown_route() -> Response | None:
    """An address that matches no route belongs to no blueprint, so it is answered before the app
    would. One that would match with other slashes is not redirected: programs don't follow."""
    error = request.routing_exception
    if error is None or not f"{request.path}/".startswith("/v1/"):
        return None
    return _answer_refusal(NotFound() if isinstance(error, RequestRedirect) else error)


def _answer_without_redis(error: RedisError) -> Response:
    current_app.logger.warning("Redis does not answer: %s", error)
    return _answer_problem(503, "Redis does not answer.")


def _answer_without_database(error: OperationalError) -> Response:
    current_app.logger.error("The database does not answer: %s", error.orig)
    return _answer_problem(503, "The database does not answer.")


def _answer_problem(status: int, detail: str) -> Response:
    return answer(Problem(detail=detail), status)
