"""What the operator decides at start: the environment, read once, in one place, checked by name.

Everything an owner may change while the product runs is a setting (`core.settings`), not this.
Each variable may also be given as NAME_FILE, the path of a file that holds the value, which is how
container platforms hand over secrets.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent
SECRET_LENGTH = 20
SOCKET_PATH_LIMIT = 100  # a Unix socket's path holds 108 bytes on Linux, 104 on macOS


class ConfigError(Exception):
    """A variable has a value that can't be used. `str(error)` names it, one line for each."""


class Config(BaseModel):
    """The environment as the program sees it. Frozen; made by `Config.from_env`, handed on."""

    model_config = ConfigDict(frozen=True, extra="ignore", ignored_types=(cached_property,))

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    data_dir: Path = ROOT / "data"
    database_url: str | None = None
    redis_url: str | None = None
    whatsapp_auth_dir: Path | None = None
    whatsapp_auth_database_url: SecretStr | None = None
    agents_dir: Path = ROOT / "agents"
    secret_key: SecretStr | None = None
    jobs_concurrency: int = Field(100, ge=1, le=10_000)
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    bootstrap_api_key: SecretStr | None = None

    openai_api_key: SecretStr | None = None
    anthropic_api_key: SecretStr | None = None
    openrouter_api_key: SecretStr | None = None
    google_api_key: SecretStr | None = None
    groq_api_key: SecretStr | None = None
    mistral_api_key: SecretStr | None = None
    ollama_base_url: str = "http://127.0.0.1:11434/v1"
    custom_llm_base_url: str | None = None
    custom_llm_api_key: SecretStr | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Read and check the environment. Raises `ConfigError` naming every bad variable."""
        env = os.environ if env is None else env
        values = {name: _value(env, name.upper()) for name in cls.model_fields}
        try:
            return cls.model_validate({name: v for name, v in values.items() if v is not None})
        except ValidationError as error:
            raise ConfigError("\n".join(_line(problem) for problem in error.errors())) from None

    @field_validator("data_dir", "whatsapp_auth_dir", "agents_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        """Every process must mean the same folder, whatever directory it was started in."""
        return path and path.expanduser().absolute()

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            backend = make_url(_with_driver(url)).get_backend_name()
        except ArgumentError:
            raise ValueError("is not a database address") from None
        if backend not in ("sqlite", "postgresql"):
            raise ValueError("must start with sqlite:// or postgresql://")
        return _with_driver(url)

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @field_validator("secret_key", "bootstrap_api_key")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"must have at least {SECRET_LENGTH} characters")
        return secret

    @field_validator("ollama_base_url", "custom_llm_base_url")
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return url and url.rstrip("/")

    @property
    def database(self) -> str:
        """SQLAlchemy's address of the database: DATABASE_URL, else a file in DATA_DIR."""
        return self.database_url or f"sqlite:///{self.data_dir / 'djinnbot.db'}"

    @property
    def redis(self) -> str:
        """redis-py's address of Redis: REDIS_URL, else the embedded Valkey's socket."""
        return self.redis_url or f"unix://{self.redis_socket}?db=0"

    @property
    def redis_socket(self) -> Path:
        """Where the embedded Valkey listens; moved to the temporary folder if the path is long."""
        near = self.data_dir / "valkey.sock"
        if len(os.fsencode(near)) < SOCKET_PATH_LIMIT:
            return near
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"djinnbot-{digest}" / "valkey.sock"

    @cached_property
    def auth_dir(self) -> Path:
        """Where the WhatsApp session lives: /data/whatsapp/auth on hosts with a /data volume."""
        if self.whatsapp_auth_dir:
            return self.whatsapp_auth_dir
        volume = Path("/data")
        if volume.is_dir() and os.access(volume, os.W_OK):
            return volume / "whatsapp" / "auth"
        return self.data_dir / "whatsapp" / "auth"


def _value(env: Mapping[str, str], name: str) -> str | None:
    """NAME, else the content of the file that NAME_FILE points to; empty counts as not set."""
    path = env.get(f"{name}_FILE")
    if path and not env.get(name):
        try:
            return Path(path).read_text().strip() or None
        except OSError as error:
            raise ConfigError(f"{name}_FILE: {path}: {error.strerror}") from None
    return env.get(name) or None


def _line(problem: Mapping[str, object]) -> str:
    """One sentence about one variable. The value stays out of it: it may be a secret."""
    location = problem["loc"]
    assert isinstance(location, tuple)
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{str(location[0]).upper()}: {message[0].lower()}{message[1:]}"


def _with_driver(url: str) -> str:
    """Platforms hand out postgres:// and postgresql://; both mean psycopg 3 here."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
