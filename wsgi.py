"""What gunicorn serves: `gunicorn wsgi:app`, the Procfile's `web`."""

from app import create_app
from app.diagnostics.heartbeat import HeartbeatThread
from config import Config
from runtime import log

config = Config.from_env()
log.setup(config, "web")
app = create_app(config)
HeartbeatThread(config).start()
