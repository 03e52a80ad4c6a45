"""The owner's second factor: a secret shared with an app that makes codes, and recovery codes."""

import secrets

from sqlalchemy import Connection, or_, select, update

from store.account.owner import fingerprint
from store.sql.tables import owner as table

RECOVERY_CODES = 10
_GROUPS, _LETTERS = 4, "abcdefghijkmnpqrstuvwxyz23456789"  # without those that look like others


def switch_on(connection: Connection, encrypted_secret: str, step: int) -> list[str]:
    """From now on a code is asked for. `step` is that of the code which proved that the app has the
    secret: it has been used. Returns the recovery codes, of which only hashes are kept."""
    connection.execute(update(table).values(totp_secret=encrypted_secret, totp_step=step))
    return replace_recovery_codes(connection)


def switch_off(connection: Connection) -> None:
    nothing = dict.fromkeys(("totp_secret", "totp_step", "recovery_hashes"))
    connection.execute(update(table).values(nothing))


def use_step(connection: Connection, step: int) -> bool:
    """Use up the code of this step of time and all older ones. False if it was used already."""
    is_new = or_(table.c.totp_step.is_(None), table.c.totp_step < step)
    return connection.execute(update(table).where(is_new).values(totp_step=step)).rowcount == 1


def replace_recovery_codes(connection: Connection) -> list[str]:
    """Fresh ones; those that were left stop working."""
    codes = [_make_recovery_code() for _ in range(RECOVERY_CODES)]
    hashes = [_hash(code) for code in codes]
    connection.execute(update(table).values(recovery_hashes=hashes))
    return codes


def use_recovery_code(connection: Connection, typed: str) -> bool:
    """Use up a recovery code, in whatever case and grouping. False if there is none such (any
    more). Of two who use the same one at once, one succeeds: the row is locked."""
    hashes = connection.execute(select(table.c.recovery_hashes).with_for_update()).scalar() or []
    wanted = _hash(typed)
    left = [each for each in hashes if not secrets.compare_digest(each, wanted)]
    if len(left) == len(hashes):
        return False
    connection.execute(update(table).values(recovery_hashes=left))
    return True


def _make_recovery_code() -> str:
    """Four groups of four: 80 bits of chance, so that a fast hash will do."""
    letters = [secrets.choice(_LETTERS) for _ in range(_GROUPS * 4)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, len(letters), 4))


def _hash(code: str) -> str:
    return fingerprint("".join(filter(str.isalnum, code.casefold())))
