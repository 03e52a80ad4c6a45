"""The database and Redis, once both are there: processes start in any order."""

from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError
from sqlalchemy.exc import DBAPIError

from config import Config
from store.redis import valkey
from store.sql import migrate
from store.sql.engine import Database
from store.sql.migrate import NotMigrated


class NotReady(Exception):
    """One of them did not come up in time. `str(error)` says which and why."""


def open_services(config: Config) -> tuple[Database, Redis]:
    """Wait up to a minute for the migrated database and for Redis. Raises `NotReady`.

    For processes whose work is done again if a power cut takes it back.
    """
    redis, database = valkey.connect(config.redis), Database(config.database, durable=False)
    try:
        valkey.wait_ready(redis)
        migrate.wait_current(database)
    except (ConnectionError, TimeoutError, NotMigrated, DBAPIError) as error:
        redis.close()
        database.close()
        raise NotReady(str(error)) from None
    return database, redis
