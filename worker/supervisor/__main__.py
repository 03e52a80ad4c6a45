"""The worker: holds the WhatsApp lock and looks after the connection.

`python -m worker.supervisor`, the Procfile's `worker`.
"""

import os
import sys

import structlog

from config import Config, ConfigError
from runtime import log as logs
from store.services import NotReady, open_services
from worker.supervisor.supervisor import Supervisor


def main() -> int:
    try:
        config = Config.from_env()
        logs.setup(config, "worker")
        database, redis = open_services(config)
        Supervisor(config, database, redis).run()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    except NotReady as error:
        structlog.get_logger().error("can't start", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
