"""Each module has its tests where a reader looks for them: `store/chats/outbox.py` in
`tests/store/chats/test_outbox.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

from config import ROOT

FOLDERS = ("app", "core", "store", "worker", "simulator", "demo", "runtime")


def modules() -> Iterator[Path]:
    """Those with something to test. A package's own file and `__main__` bring together what is
    tested one by one; one without a function only declares."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text())))
            has_code = any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) for n in nodes)
            if has_code and path.name not in ("__init__.py", "__main__.py"):
                yield path.relative_to(ROOT)


def test_each_module_has_its_tests_under_its_path() -> None:
    lacking = [
        str(path)
        for path in modules()
        if not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()
    ]
    assert lacking == []
