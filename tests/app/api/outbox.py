"""A message that a program sends, and what waits in the outbox then."""

from sqlalchemy import select

from store.sql.tables import outbox
from tests.app.api.program import Api

SEND = "/whatsapp/finn/send"
HELLO = {"to": "+15551234567", "message": "hello"}


def list_outbox(api: Api) -> list[tuple[str, str]]:
    """Address and text of everything in the outbox, in order."""
    with api.database.read() as connection:
        found = connection.execute(select(outbox.c.address, outbox.c.text).order_by(outbox.c.id))
        return [(row.address, row.text) for row in found]
