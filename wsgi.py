"""What gunicorn serves: `gunicorn wsgi:app`, the Procfile's `web`."""

import log
from app import create_app
from app.heart import Heart
from config import Config

config = Config.from_env()
log.setup(config, "web")
app = create_app(config)
Heart(config).start()
