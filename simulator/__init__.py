"""A WhatsApp for one machine: a server that an unmodified client links to, and phones to hold.

    async with Simulator(directory) as sim:
        owner, ana = sim.add_phone("+15550001000"), sim.add_phone("+15550002001", name="Ana")
        ... start a client with sim.child_env(os.environ), read its QR code ...
        await owner.scan(qr_payload)
        await ana.says("hi")
        reply = await ana.hears()

Import from here; the first use of a name loads neonize's Go library.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.phones.message import Message
    from simulator.phones.phone import Phone
    from simulator.service.groups import Group
    from simulator.service.linking import LinkFailed
    from simulator.simulator import Simulator
    from simulator.threaded import SimulatorThread

_HOMES = {
    "Group": "simulator.service.groups",
    "LinkFailed": "simulator.service.linking",
    "Message": "simulator.phones.message",
    "Phone": "simulator.phones.phone",
    "Simulator": "simulator.simulator",
    "SimulatorThread": "simulator.threaded",
}
__all__ = ["Group", "LinkFailed", "Message", "Phone", "Simulator", "SimulatorThread"]


def __getattr__(name: str) -> Any:
    # Late, so that simulator.launcher costs nothing to import.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'simulator' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
