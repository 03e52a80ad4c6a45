"""The simulator as a test holds it: `async with Simulator(directory) as sim`."""

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulator import launcher
from simulator.clockwork import Clockwork
from simulator.faults import Faults, LoginFailure
from simulator.phones import content, media
from simulator.phones.handset import Addressing, Handset
from simulator.phones.message import Message
from simulator.phones.phone import TIMEOUT, Phone
from simulator.service import groups
from simulator.service.account import Account, Companion
from simulator.service.groups import Group
from simulator.service.listener import Listener
from simulator.service.server import Record, Server
from simulator.wire.node import Node, node
from simulator.wire.noise import ServerIdentity


class Simulator:
    """A WhatsApp on 127.0.0.1 with any number of phones. Lives in one event loop.

    `directory` gets the certificate authority's file. At the end an ExceptionGroup is raised if
    clients' stanzas could not be handled: then the simulator, or the client, has a fault.

    With a `seed` all keys, ids and paddings are the same in each run that does the same; with a
    `clock` (Unix seconds) so are the times.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        seed: object = None,
        clock: Callable[[], float] | None = None,
    ):
        clockwork = Clockwork(seed, clock)
        self.faults = Faults()
        self.phones: list[Phone] = []
        self._directory = Path(directory)
        self._refusing: asyncio.TimerHandle | None = None
        self._identity = ServerIdentity(clockwork.branch("noise"))
        self.server = Server(self._identity, self.faults, clockwork.branch("server"))
        self._listener = Listener(self.server.accept, self.server.media, lambda: self.faults.refuse)

    async def __aenter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._listener.authority.cert_pem.write_to_path(str(self.ca_file))
        await self._listener.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._listener.stop()
        if self.server.errors and error is None:
            raise ExceptionGroup("the simulator could not handle", self.server.errors)

    # How clients get here

    @property
    def ca_file(self) -> Path:
        return self._directory / "simulator-ca.pem"

    @property
    def proxy_url(self) -> str:
        return self._listener.proxy_url

    @property
    def root_key(self) -> str:
        """The Noise root key, 64 hex digits."""
        return self._identity.root_key.hex()

    def child_env(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment in which a process and its children meet this simulator."""
        return launcher.child_env(
            os.environ if base is None else base,
            proxy=self.proxy_url,
            ca=self.ca_file.resolve(),
            root_key=self.root_key,
        )

    async def spawn(self, command: Sequence[str], **options: Any) -> asyncio.subprocess.Process:
        """Start `command` in that environment; `env` among the options replaces os.environ."""
        env = self.child_env(options.pop("env", None))
        return await asyncio.create_subprocess_exec(*command, env=env, **options)

    # Who is there

    def add_phone(self, number: str, *, name: str = "", addressing: Addressing = "pn") -> Phone:
        """A new account with its phone. Raises ValueError for a number that is taken or no number.

        `addressing`: others see its messages under its number ("pn"), under its LID with the number
        beside it ("lid"), or under its LID alone ("lid_only").
        """
        digits = number.removeprefix("+")
        if not digits.isdigit() or not 7 <= len(digits) <= 15:
            raise ValueError(f"{number!r} is no phone number like +15550001000")
        if digits in self.server.accounts:
            raise ValueError(f"there is a phone with {number} already")
        account = Account(digits)
        account.handset = Handset(self.server, account, name or number, addressing)
        self.server.add(account)
        phone = Phone(self, account.handset)
        self.phones.append(phone)
        return phone

    def add_group(self, subject: str, members: Sequence[Phone]) -> Group:
        """A new group; the first member makes it. Linked accounts may be among the members."""
        return groups.create(self.server, subject, [phone.account for phone in members])

    @property
    def bot(self) -> Phone:
        """The phone of the only account that has linked devices."""
        linked = self.server.linked
        if len(linked) != 1:
            raise LookupError(f"{len(linked)} accounts have linked devices: say which one")
        return next(iter(linked)).handset.phone

    def is_connected(self, phone: Phone | None = None) -> bool:
        """Whether a device linked to `phone` (or any device) is logged in."""
        return bool(self._companions(phone))

    async def wait_connected(
        self, phone: Phone | None = None, timeout: float = TIMEOUT, *, available: bool = False
    ) -> None:
        """Wait until a linked device is logged in, and if asked for shows itself as available."""
        await self._wait_until(
            lambda: any(c.available or not available for c in self._companions(phone)),
            timeout,
            "no linked device is connected",
        )

    async def wait_disconnected(self, phone: Phone | None = None, timeout: float = TIMEOUT) -> None:
        await self._wait_until(
            lambda: not self._companions(phone), timeout, "a linked device is still connected"
        )

    @property
    def stanzas(self) -> "deque[Record]":
        """The last few thousand stanzas of all clients, oldest first."""
        return self.server.stanzas

    def listen(self, listener: "Callable[[Record], object]") -> Callable[[], None]:
        """Call `listener` with each stanza as it passes; what is returned ends that."""
        listeners = self.server.listeners
        listeners.append(listener)
        return lambda: listeners.remove(listener) if listener in listeners else None

    def expire_media(self, message: Message) -> None:
        """The file of a message is deleted from the host, as after some weeks."""
        found = media.part(content.unwrap(message.raw))
        if found is None:
            raise LookupError(f"there is no file with {message.id}")
        self.server.media.expire(found[1].directPath)

    # What happens to connections

    async def restart(self, *, away: asyncio.Event | None = None) -> None:
        """Stop and start on the same port, with all state; `away` delays the start until set."""
        await self._listener.stop()
        if away:
            await away.wait()
        await self._listener.start()

    async def cut(self, phone: Phone | None = None) -> None:
        """Break the sockets of linked devices without a word."""
        for companion in self._companions(phone):
            if companion.connection:
                companion.connection.cut()

    async def stream_error(self, code: int, phone: Phone | None = None) -> None:
        """End connections with a stream error: 503, 515 or any other code."""
        self._end(phone, node("stream:error", code=code))

    async def replace(self, phone: Phone | None = None) -> None:
        """End connections as if the same device had logged in elsewhere."""
        self._end(phone, node("stream:error", node("conflict", type="replaced")))

    async def refuse_logins(self, reason: int, phone: Phone | None = None) -> None:
        """Cut connections and answer every login with <failure reason=...> until `forgive`."""
        self.faults.login_failure = LoginFailure(reason)
        await self.cut(phone)

    async def refuse_for(self, seconds: float) -> None:
        """Cut all connections and turn new ones away for a while."""
        self.faults.refuse = True
        await self.cut()
        if self._refusing:
            self._refusing.cancel()
        self._refusing = asyncio.get_running_loop().call_later(seconds, self._accept_again)

    def _accept_again(self) -> None:
        self.faults.refuse = False
        self.server.changes.notify()

    async def ban(self, code: int = 101, expire: int = 3600) -> None:
        """A temporary ban of `expire` seconds, after which it ends; code 101 to 106 says why."""
        failure = LoginFailure(402, code, expire)
        self.faults.login_failure = failure
        await self.cut()
        asyncio.get_running_loop().call_later(expire, self._forgive, failure)

    def _forgive(self, failure: LoginFailure) -> None:
        if self.faults.login_failure is failure:
            self.forgive()

    async def refuse_version(self) -> None:
        """Refuse the client as too old."""
        await self.refuse_logins(405)

    def forgive(self) -> None:
        """Let logins succeed again."""
        self.faults.login_failure = None
        self.server.changes.notify()

    def _companions(self, phone: Phone | None) -> list[Companion]:
        return [c for c in self.server.connected if phone is None or c.account is phone.account]

    def _end(self, phone: Phone | None, last: Node) -> None:
        for companion in self._companions(phone):
            if companion.connection:
                companion.connection.end(last)

    async def _wait_until(self, question: Any, timeout: float, what: str) -> None:
        await self.server.changes.wait_until(
            question, timeout, lambda: f"{what} after {timeout} s\n{self.tail()}"
        )

    def tail(self, count: int = 20) -> str:
        """The last stanzas as text, for a person who looks for a fault."""
        lines = [
            f"  {time.strftime('%X', time.localtime(r.at))} {r.direction:3} {r.device} {r.stanza}"
            for r in list(self.stanzas)[-count:]
        ]
        return "\n".join(lines)
