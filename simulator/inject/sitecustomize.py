"""Run by Python at start when this folder is on PYTHONPATH: points neonize at a simulator.

Does nothing unless SIMULATOR_ROOT_KEY is set. Then, once `neonize._binder` has loaded the Go
library, the Noise root key inside it is replaced. Any other sitecustomize is run afterwards.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

BINDER = "neonize._binder"
HERE = str(Path(__file__).parent)


class RootKeyFinder:
    """A meta path entry that lets one module load as usual and acts after it."""

    def __init__(self, key: bytes):
        self.key = key

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != BINDER:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                self.replace(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def replace(self, module: ModuleType) -> None:
        # Found beside this file, which is how this file was found.
        from library_memory import replace_root_key  # type: ignore[import-not-found]

        replace_root_key(os.path.realpath(module.gocode._name), self.key)


def run_next_sitecustomize() -> None:
    """The one that this file has hidden, if there is one."""
    others = [entry for entry in sys.path if Path(entry or ".").resolve() != Path(HERE).resolve()]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if os.environ.get("SIMULATOR_ROOT_KEY"):
    sys.meta_path.insert(0, RootKeyFinder(bytes.fromhex(os.environ["SIMULATOR_ROOT_KEY"])))
run_next_sitecustomize()
