"""`python -m app.bootstrap`: everything that must be in place before the processes start.

The Procfile's `release`. May be run again at any time, by several machines at once.
"""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy.exc import DBAPIError

from config import Config, ConfigError
from runtime import address, log
from store.account import api_keys, audit, owner
from store.account.audit import Action
from store.folder import make_private
from store.sql import migrate
from store.sql.engine import Database
from store.sql.secret import load_secret_key

API_KEY_NAME = "BOOTSTRAP_API_KEY"


def prepare(config: Config) -> None:
    """Make DATA_DIR and the secret key. Raises `ConfigError`."""
    make_private(config.data_dir, "DATA_DIR")
    load_secret_key(config)


def seed_api_key(config: Config, database: Database) -> None:
    """Let BOOTSTRAP_API_KEY into the API, with all scopes. Once revoked, it stays revoked."""
    if config.bootstrap_api_key:
        secret = config.bootstrap_api_key.get_secret_value()
        with database.write() as connection:
            api_keys.ensure(connection, API_KEY_NAME, secret, api_keys.SCOPES, datetime.now(UTC))


def make_setup_link(config: Config, database: Database) -> str | None:
    """A fresh one-time address for making the owner's account, None when there is one. An earlier
    link stops working. To be shown to the person who started the program; never to be logged."""
    with database.write() as connection:
        if owner.owner_exists(connection):
            return None
        token = owner.make_setup_token(connection, datetime.now(UTC))
    return f"{address.make_url(config)}/setup/{token}"


def reset_link(config: Config, database: Database) -> str | None:
    """A one-time address, good for an hour, where the owner chooses a new password; None when there
    is no account. A person who can run this on the machine could read everything anyway."""
    now = datetime.now(UTC)
    with database.write() as connection:
        if not owner.owner_exists(connection):
            return None
        token = owner.make_setup_token(connection, now)
        audit.record(connection, "console", Action.RESET_LINK_MADE, "", now)
    return f"{address.make_url(config)}/setup/{token}"


def bootstrap(config: Config) -> None:
    """Prepare, migrate, seed. Raises `ConfigError`, or the database's error."""
    prepare(config)
    database = Database(config.database)
    try:
        migrate.upgrade(database)
        seed_api_key(config, database)
    finally:
        database.close()


def show_link(config: Config, reset: bool = False) -> None:
    database = Database(config.database)
    try:
        link = (reset and reset_link(config, database)) or make_setup_link(config, database)
    finally:
        database.close()
    if link:
        print(link)
    else:
        print(
            f"There is an account already: sign in at {address.make_url(config)}", file=sys.stderr
        )


def stay() -> None:
    """Wait for the signal to stop: honcho ends all processes as soon as one has ended."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    print("Ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m app.bootstrap", description=__doc__)
    parser.add_argument("--link", action="store_true", help="print a new one-time set-up link")
    parser.add_argument(
        "--reset", action="store_true", help="print a one-time link for choosing a new password"
    )
    parser.add_argument("--stay", action="store_true", help="do not end until told to")
    options = parser.parse_args(arguments)
    try:
        config = Config.from_env()
        log.setup(config, "release")
        bootstrap(config)
        if options.link or options.reset:
            show_link(config, options.reset)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    except DBAPIError as error:
        print(f"DATABASE_URL: {str(error.orig).strip()}", file=sys.stderr)
        return 1
    if options.stay:
        stay()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
