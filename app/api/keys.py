"""Who calls: an API key in `Authorization: Bearer <key>`. Cookies are never looked at.

Behind a proxy all programs may come from one address: wrong keys of that address are slowed down,
but a right one always gets in. A key is too long to be guessed.
"""

from typing import NoReturn

from flask import abort, g, request
from sqlalchemy import Connection
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import TooManyRequests, Unauthorized

from app.web.ext import db, now
from app.web.throttle import Throttle
from store.account import api_keys, audit
from store.account.api_keys import ApiKey
from store.account.audit import Action


def authorise(scopes: tuple[str, ...]) -> None:
    """Let the request pass if its key has one of these scopes; none named means open to all.

    Raises 401 without a valid key, 403 when the key may not do this, 429 when it asks too often.
    """
    if not scopes:
        return
    g.api_key = key = _find_key()
    _count(Throttle.of_api_key(key.id), "Too many requests with this API key.")
    if not key.scopes.intersection(scopes):
        abort(403, f"This API key lacks the scope {' or '.join(scopes)}.")


def record(connection: Connection, action: Action, detail: str) -> None:
    """Write into the audit log what this request's key changes."""
    audit.record(connection, f"api:{g.api_key.name}", action, detail, now())


def _find_key() -> ApiKey:
    header = request.authorization
    if header is None or header.type != "bearer" or not header.token:
        _refuse("Send an API key: Authorization: Bearer <key>.")
    with db().read() as connection:
        key = api_keys.find(connection, header.token)
    if key is None:
        _refuse("This API key is unknown or was revoked.")
    instant = now()
    if key.last_used_at is None or instant - key.last_used_at >= api_keys.USED_EVERY:
        with db().write() as connection:
            api_keys.record_use(connection, key.id, instant)
    return key


def _refuse(sentence: str) -> NoReturn:
    wrong = Throttle.of_wrong_api_keys(request.remote_addr or "")
    _count(wrong, "Too many requests without a valid API key.")
    raise Unauthorized(sentence, www_authenticate=WWWAuthenticate("bearer"))


def _count(throttle: Throttle, sentence: str) -> None:
    seconds = throttle.seconds_to_wait()
    if seconds:
        raise TooManyRequests(f"{sentence} Wait {seconds} s.", retry_after=seconds)
