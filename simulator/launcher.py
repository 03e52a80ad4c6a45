"""How an unmodified client is brought to the simulator: by its environment alone.

Go reads the environment that the process was started with, so the variables must be there then.
`sitecustomize` in simulator/inject replaces the library's Noise root key as soon as the library is
loaded, in that process and in every Python process it starts.

    python -m simulator.launcher --proxy URL --ca FILE --root-key HEX -- COMMAND...
"""

import argparse
import os
from collections.abc import Mapping
from pathlib import Path

INJECT = Path(__file__).parent / "inject"
ROOT_KEY = "SIMULATOR_ROOT_KEY"
LOOPBACK = "127.0.0.1,localhost"


def child_env(base: Mapping[str, str], *, proxy: str, ca: Path, root_key: str) -> dict[str, str]:
    """`base` with what a client needs to take the simulator for WhatsApp."""
    path = os.pathsep.join(filter(None, (str(INJECT), base.get("PYTHONPATH"))))
    return {
        **base,
        "PYTHONPATH": path,
        "SSL_CERT_FILE": str(ca),
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
        "NEONIZE_BOT_TAG": "off",
        ROOT_KEY: root_key,
    }


def main() -> None:
    """Become COMMAND, in an environment that leads to a simulator which runs elsewhere."""
    parser = argparse.ArgumentParser(prog="simulator.launcher", description=__doc__)
    parser.add_argument("--proxy", required=True, help="the simulator's CONNECT proxy")
    parser.add_argument("--ca", required=True, type=Path, help="its certificate authority, PEM")
    parser.add_argument("--root-key", required=True, help="its Noise root key, 64 hex digits")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    args = parser.parse_args()
    env = child_env(os.environ, proxy=args.proxy, ca=args.ca, root_key=args.root_key)
    os.execvpe(args.command[0], args.command, env)


if __name__ == "__main__":
    main()
