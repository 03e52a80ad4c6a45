"""`python -m demo`, which is what `./run demo` starts: the product, a WhatsApp for it, and phones.

The phones and their WhatsApp live in this process. The product's processes are started as ./run
starts them, only that the worker is led to this WhatsApp instead of the real one.
"""

import argparse
import os
import secrets
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

from honcho.environ import parse_procfile

from config import ROOT, Config, ConfigError
from demo import folder, snapshot
from demo.folder import DemoFolder, NotOurs
from demo.product import OWNER, Product
from demo.server import serving
from demo.web import make_app
from demo.world.world import World
from runtime import address
from runtime.processes import Processes
from runtime.runner import AlreadyRunning, only_one
from simulator import Simulator, SimulatorThread

FOLDER = ROOT / "demo-data"
WORKER = "worker"  # the process that talks to WhatsApp
STARTS_OVER = (
    "The last demo did not end in order, or was one of another version: this one starts over."
)


def main() -> int:
    options = _read_options()
    here = DemoFolder(options.folder)
    try:
        here.make()
        with only_one(Config.from_env({"DATA_DIR": str(here.path)})):
            return run(here, options)
    except (ConfigError, NotOurs) as error:
        print(error, file=sys.stderr)
        return os.EX_CONFIG
    except AlreadyRunning:
        print(f"A demo runs on {here.path} already. Stop that one first.", file=sys.stderr)
        return 1


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--fresh", action="store_true", help="forget the last demo and start over")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the demo keeps its data")
    parser.add_argument("--port", type=int, default=folder.PANEL_PORT, help="of the control panel")
    parser.add_argument("--phones", type=int, default=folder.PHONES_PORT, help="of the phones page")
    return parser.parse_args()


def run(here: DemoFolder, options: argparse.Namespace) -> int:
    """Until a signal, or until a process says that it can't run. Returns the exit code."""
    goes_on = snapshot.can_be_restored(here.phones) and not options.fresh
    if not goes_on:
        if here.data.exists() and not options.fresh:
            print(STARTS_OVER)
        here.clear()
        here.make()
    environment = here.env(os.environ, folder.find_free_port(options.port))
    os.environ.clear()
    os.environ.update(environment)
    config = Config.from_env()
    phones = folder.find_free_port(options.phones)
    with ExitStack() as stack:
        thread = stack.enter_context(SimulatorThread(here.authority))
        world = World(thread)
        if goes_on:
            thread.run(snapshot.restore, world, here.phones)
        else:
            world.populate()
        product = Product(config)
        stack.callback(product.close)
        key = here.key()
        stack.enter_context(serving(make_app(world, product, key), phones))
        processes = Processes(list_commands(thread.simulator))
        code = processes.run(lambda: announce(here, config, product, processes, phones))
        keep_phones(thread, world, here)
    return code


def keep_phones(thread: SimulatorThread, world: World, here: DemoFolder) -> None:
    try:
        thread.run(snapshot.save, world, here.phones)
    except snapshot.Unkeepable as error:
        print(f"{error}. The next demo starts over.", file=sys.stderr)


def list_commands(simulator: Simulator) -> dict[str, str]:
    """The Procfile's, with the way to the simulated WhatsApp in front of the worker's."""
    found = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)
    launcher = [
        *("python", "-m", "simulator.launcher", "--proxy", simulator.proxy_url),
        *("--ca", str(simulator.ca_file), "--root-key", simulator.root_key, "--"),
    ]
    found[WORKER] = f"{shlex.join(launcher)} {found[WORKER]}"
    return found


def announce(
    here: DemoFolder, config: Config, product: Product, processes: Processes, phones: int
) -> None:
    """Once the panel answers: make the owner's account, and say where to look. Runs on a thread of
    its own, for a bounded time."""
    if not address.wait_up(config):
        processes.say("The panel does not answer yet; see what web says")
        return
    password = here.secret("password", "-".join(secrets.token_hex(2) for _ in range(3)))
    product.furnish(password)
    processes.say(f"Open http://{folder.NAME}:{phones}/enter/{here.key()}")
    processes.say(f"The panel: {folder.make_panel_url(config)} (name {OWNER}, password {password})")


if __name__ == "__main__":
    sys.exit(main())
