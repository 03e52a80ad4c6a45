"""Writing the agents' folder: whole files or nothing, one backup of each, never outside of it.

Used by the panel's threads. A lock on the folder keeps writers apart, in other processes too;
readers need none, since every file is replaced in one step.
"""

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.agents.agent import is_agent_id
from core.errors import AgentChanged, AgentTaken, NotWritable, UnknownAgent
from store.agents.agents import FILES

TRASH = ".trash"
BACKUP = ".bak"
_BOM = "\ufeff"
_TRASHED = re.compile(r"(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{0,63})\.\d{8}T\d{6}(?:-\d{1,3})?")


@dataclass(frozen=True)
class Snapshot:
    """An agent's files at one moment."""

    raw: Mapping[str, bytes]  # by file name, those that are there

    @property
    def etag(self) -> str:
        """Differs whenever a file does."""
        digest = hashlib.sha256()
        for name in FILES:
            content = self.raw.get(name)
            digest.update(b"-" if content is None else b"%d:%b" % (len(content), content))
        return digest.hexdigest()[:20]

    def text(self, name: str) -> str:
        """With its own line ends; empty if there is no such file."""
        return self.raw.get(name, b"").decode("utf-8-sig")

    @property
    def texts(self) -> Mapping[str, str]:
        return {name: self.text(name) for name in self.raw}

    def in_its_manner(self, name: str, text: str) -> str:
        """`text` from a browser with the file's line ends; the file's own text if nothing but
        line ends differs."""
        current, plain = self.text(name), _unify_line_ends(text)
        if plain == _unify_line_ends(current):
            return current
        return plain.replace("\n", "\r\n") if "\r\n" in current else plain

    def encode(self, name: str, text: str) -> bytes:
        had_mark = self.raw.get(name, b"").startswith(_BOM.encode())
        return ((_BOM if had_mark else "") + text).encode()


@dataclass(frozen=True)
class Previous:
    """What a file was before its last change in the panel."""

    text: str
    until: datetime  # when it was changed


class AgentFiles:
    """Every method raises `NotWritable` for what the system refuses, and `UnknownAgent` when there
    is no such folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def is_writable(self, agent_id: str = "") -> bool:
        """Whether this agent's files, or the whole folder, can be changed by this process."""
        folder = self._root / agent_id if is_agent_id(agent_id) else self._root
        is_known = os.access in os.supports_effective_ids
        return os.access(folder, os.W_OK | os.X_OK, effective_ids=is_known)

    def read(self, agent_id: str) -> Snapshot:
        return _take_snapshot(self._find_folder(agent_id))

    def write(self, agent_id: str, etag: str, texts: Mapping[str, str]) -> bool:
        """Put these texts (by file name) in place of what `etag` stands for. False if nothing is
        different. Raises `AgentChanged`."""
        with self._open_for_writing():
            folder, now = self._find_current(agent_id, etag)
            contents = {name: now.encode(name, text) for name, text in texts.items()}
            changed = {name: c for name, c in contents.items() if c != now.raw.get(name, b"")}
            _replace(folder, changed, now)
            return bool(changed)

    def list_backups(self, agent_id: str) -> Mapping[str, Previous]:
        """The backups that differ from what is there, by file name."""
        folder = self._find_folder(agent_id)
        now = _take_snapshot(folder)
        found: dict[str, Previous] = {}
        for name in FILES:
            content = _read_content(folder, name + BACKUP)
            if content and content != now.raw.get(name):
                changed_at = (folder / (name + BACKUP)).stat().st_mtime
                found[name] = Previous(
                    content.decode("utf-8-sig", "replace"), datetime.fromtimestamp(changed_at, UTC)
                )
        return found

    def restore(self, agent_id: str, name: str, etag: str) -> None:
        """Let this file and its backup change places. Raises `AgentChanged`, also when there is
        no backup any more."""
        with self._open_for_writing():
            folder, now = self._find_current(agent_id, etag)
            backup = _read_content(folder, name + BACKUP) if name in FILES else None
            if backup is None:
                raise AgentChanged(f"There is no previous version of {name} any more.")
            _replace(folder, {name: backup}, now)

    def create(self, agent_id: str, texts: Mapping[str, str]) -> None:
        """A new agent with these files. Raises `AgentTaken`."""
        if not is_agent_id(agent_id):
            raise ValueError(agent_id)
        with self._open_for_writing():
            self._refuse_taken(agent_id)
            folder = Path(tempfile.mkdtemp(prefix=".new-", dir=self._root))
            try:
                folder.chmod(0o755)
                _replace(folder, {name: text.encode() for name, text in texts.items()})
                folder.rename(self._root / agent_id)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            _sync(self._root)

    def remove(self, agent_id: str, now: datetime) -> str:
        """Move the agent's folder into the trash. Returns the name it has there."""
        with self._open_for_writing():
            folder, trash = self._find_folder(agent_id), self._root / TRASH
            trash.mkdir(exist_ok=True)
            name = f"{agent_id}.{now:%Y%m%dT%H%M%S}"
            names = [name, *(f"{name}-{number}" for number in range(2, 1000))]
            free = next(each for each in names if not os.path.lexists(trash / each))
            folder.rename(trash / free)
            _sync(self._root)
            return free

    def recover(self, trashed: str) -> str:
        """Take a folder out of the trash again. Returns the agent's id. Raises `AgentTaken`."""
        found = _TRASHED.fullmatch(trashed)
        folder = self._root / TRASH / trashed
        with self._open_for_writing():
            if found is None or not folder.is_dir():
                raise UnknownAgent("That agent is not in the trash any more.")
            self._refuse_taken(found["id"])
            folder.rename(self._root / found["id"])
            _sync(self._root)
        return found["id"]

    @contextmanager
    def _open_for_writing(self) -> Iterator[None]:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._root, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)  # lets the lock go as well
        except OSError as error:
            raise NotWritable(f"The agents' folder can't be written: {error.strerror}.") from error

    def _find_current(self, agent_id: str, etag: str) -> tuple[Path, Snapshot]:
        """The folder, if it may be written and is as it was. Raises `AgentChanged`."""
        folder = self._find_folder(agent_id)
        for path in (folder, *(folder / name for name in FILES)):
            if path.is_symlink():
                raise NotWritable(f"{path.name} is a link to another place: change it there.")
        now = _take_snapshot(folder)
        if now.etag != etag:
            raise AgentChanged("The agent's files were changed since this page was opened.")
        return folder, now

    def _find_folder(self, agent_id: str) -> Path:
        folder = self._root / agent_id
        if not is_agent_id(agent_id) or not folder.is_dir():
            raise UnknownAgent(f"There is no agent called “{agent_id}”.")
        return folder

    def _refuse_taken(self, agent_id: str) -> None:
        """Upper and lower case are one: people write the ids by hand, and some disks agree."""
        for path in self._root.iterdir():
            if path.name.casefold() == agent_id.casefold():
                raise AgentTaken(f"There is a folder “{path.name}” already.")


def _take_snapshot(folder: Path) -> Snapshot:
    contents = {name: _read_content(folder, name) for name in FILES}
    return Snapshot({name: raw for name, raw in contents.items() if raw is not None})


def _read_content(folder: Path, name: str) -> bytes | None:
    """None if there is no such file, or if a backup leads somewhere else."""
    path = folder / name
    if name.endswith(BACKUP) and path.is_symlink():
        return None
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        raise NotWritable(f"{name} can't be read: {error.strerror}.") from None


def _replace(folder: Path, contents: Mapping[str, bytes], now: Snapshot | None = None) -> None:
    """Write backups of what is replaced, then these files: all are on the disk before the first
    takes its place."""
    staged: list[tuple[Path, Path]] = []
    backups = {name: now.raw[name] for name in contents if now and name in now.raw}
    try:
        for name, content in backups.items():
            staged.append((_stage(folder / name, content), folder / (name + BACKUP)))
        for name, content in contents.items():
            staged.append((_stage(folder / name, content), folder / name))
        for ready, place in staged:
            ready.replace(place)
    finally:
        for ready, _ in staged:
            ready.unlink(missing_ok=True)
    _sync(folder)


def _stage(target: Path, content: bytes) -> Path:
    """A temporary file beside `target`, with its rights and its owner."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    ready = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _dress(ready, target.stat() if target.exists() else None)
    except BaseException:
        ready.unlink()
        raise
    return ready


def _dress(ready: Path, like: os.stat_result | None) -> None:
    ready.chmod(like.st_mode & 0o7777 if like else 0o644)
    if like and like.st_uid != ready.stat().st_uid:
        with suppress(PermissionError):
            os.chown(ready, like.st_uid, like.st_gid)


def _sync(folder: Path) -> None:
    """Make renamed files last: without this a power cut may undo them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unify_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
