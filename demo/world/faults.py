"""What can go wrong on the way to WhatsApp, as buttons: what each does, and what to expect of it.

Everything here runs in the simulator's loop.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from simulator import Simulator

REFUSED_SECONDS = 30
BAN_SECONDS = 60
LATENCY, DELAY = 1.5, 5.0  # seconds
NBSP = "\N{NO-BREAK SPACE}"  # a number stays with its unit


@dataclass(frozen=True)
class Fault:
    """A way to break something, once or until it is taken back."""

    id: str
    title: str
    expect: str  # what the panel and the phones will show
    start: Callable[[Simulator], Awaitable[None] | None]
    is_on: Callable[[Simulator], bool] | None = None  # set, with `stop`, where the fault lasts
    stop: Callable[[Simulator], None] | None = None
    icon: str = "bolt"

    @property
    def lasts(self) -> bool:
        return self.is_on is not None


def _set(**values: Any) -> Callable[[Simulator], None]:
    def change(simulator: Simulator) -> None:
        for name, value in values.items():
            setattr(simulator.faults, name, value)

    return change


def _has(name: str) -> Callable[[Simulator], bool]:
    return lambda simulator: bool(getattr(simulator.faults, name))


def _refused_with(reason: int) -> Callable[[Simulator], bool]:
    def ask(simulator: Simulator) -> bool:
        failure = simulator.faults.login_failure
        return failure is not None and failure.reason == reason

    return ask


async def _remove_devices(simulator: Simulator) -> None:
    for phone in simulator.phones:
        await phone.remove_device()


FAULTS = (
    Fault(
        "cut",
        "Cut the connection",
        "DjinnBot is back at once, and nothing is lost. The panel’s Diagnostics page remembers it.",
        lambda simulator: simulator.cut(),
        icon="plug-connected-x",
    ),
    Fault(
        "refuse",
        f"Refuse connections for {REFUSED_SECONDS}{NBSP}s",
        "The panel says “connecting …” until then. Messages wait and are answered afterwards.",
        lambda simulator: simulator.refuse_for(REFUSED_SECONDS),
        _has("refuse"),
        _set(refuse=False),
        icon="wifi-off",
    ),
    Fault(
        "unavailable",
        "Server error 503",
        "WhatsApp ends the connection and asks to come back, which DjinnBot does. Diagnostics "
        "remembers it.",
        lambda simulator: simulator.stream_error(503),
        icon="server-off",
    ),
    Fault(
        "replaced",
        "Connected elsewhere",
        "As if another program used the same session. The panel stays disconnected until you press "
        "“Take over”.",
        lambda simulator: simulator.replace(),
        icon="device-laptop",
    ),
    Fault(
        "removed",
        "Remove the linked device",
        "As if it was removed on the phone. The panel says so and offers to link again.",
        _remove_devices,
        icon="unlink",
    ),
    Fault(
        "banned",
        f"Ban for {BAN_SECONDS}{NBSP}s",
        "The panel says when the block ends. DjinnBot stays away until then: more tries would make "
        "it worse.",
        lambda simulator: simulator.ban(expire=BAN_SECONDS),
        _refused_with(402),
        lambda simulator: simulator.forgive(),
        icon="ban",
    ),
    Fault(
        "outdated",
        "Client outdated",
        "The panel asks for an update of DjinnBot. “Back to normal” restarts the worker, as an "
        "update would.",
        lambda simulator: simulator.refuse_version(),
        _refused_with(405),
        lambda simulator: simulator.forgive(),
        icon="hourglass",
    ),
    Fault(
        "passkey",
        "Ask for a passkey",
        "The next time you link, WhatsApp asks for a passkey. The panel says why linking ended.",
        _set(ask_for_passkey=True),
        _has("ask_for_passkey"),
        _set(ask_for_passkey=False),
        icon="key",
    ),
    Fault(
        "slow",
        "Slow network",
        f"Everything takes {LATENCY:g} s more in either direction; no message overtakes another.",
        _set(latency=LATENCY),
        _has("latency"),
        _set(latency=0.0),
        icon="snail",
    ),
    Fault(
        "late_acks",
        f"Confirm {DELAY:g}{NBSP}s late",
        "Replies arrive at once, but the panel shows the clock until WhatsApp has confirmed them.",
        _set(ack_delay=DELAY),
        _has("ack_delay"),
        _set(ack_delay=0.0),
        icon="clock",
    ),
)
BY_ID = {fault.id: fault for fault in FAULTS}


NEEDS_RESTART = "outdated"  # the worker does not try again by itself after this one


def list_active(simulator: Simulator) -> list[str]:
    return [fault.id for fault in FAULTS if fault.is_on and fault.is_on(simulator)]


def back_to_normal(simulator: Simulator) -> None:
    for fault in FAULTS:
        if fault.is_on and fault.is_on(simulator) and fault.stop:
            fault.stop(simulator)
