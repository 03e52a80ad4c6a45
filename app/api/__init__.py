"""The HTTP API under /v1: for programs, with an API key and never with the browser's session.

Every endpoint is one `Operation` in a table beside its handler. The app must exempt `bp` from its
CSRF protection and from its login: a key is no cookie.
"""

from flask import Blueprint

from app.api import allowlist, config, link, openapi, permissions, problems, sending, wire
from app.api.operation import Operation


def read_openapi() -> wire.Document:
    return wire.Document(openapi.make_document(OPERATIONS))


OPERATIONS = (
    *config.OPERATIONS,
    *link.OPERATIONS,
    *allowlist.OPERATIONS,
    *sending.OPERATIONS,
    *permissions.OPERATIONS,
    Operation(
        "GET",
        "/openapi.json",
        read_openapi,
        "This document",
        answer=wire.Document,
    ),
)

bp = Blueprint("api", __name__, url_prefix="/v1")
problems.register(bp)
for operation in OPERATIONS:
    bp.add_url_rule(operation.path, operation.name, operation.run, methods=[operation.method])
