"""Taking back the removal of an entry. The toast that offers it carries the whole entry, signed: it
comes back as it was, and nothing comes back that was not there."""

from dataclasses import asdict
from datetime import datetime

from flask import abort, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from app.web.toasts import Undo
from core.admission.allowlist import Entry, Pattern


def make_button(entry: Entry, address: str, target: str) -> Undo:
    """For the toast; it posts to `address`."""
    fields = asdict(entry)
    fields |= {name: fields[name].isoformat() for name in ("created_at", "updated_at")}
    return Undo(address, target, {"entry": str(_make_signer().dumps(fields))})


def read_removed() -> Entry:
    """The entry that the toast's button has posted. Aborts with 400 if it is none of ours."""
    try:
        fields = _make_signer().loads(request.form.get("entry", ""))
    except BadSignature:
        abort(400)
    times = {name: datetime.fromisoformat(fields[name]) for name in ("created_at", "updated_at")}
    return Entry(**{**fields, **times, "pattern": Pattern(fields["pattern"])})


def _make_signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="allowlist undo")
