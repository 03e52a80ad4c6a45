"""The ./run script, in a checkout of its own with small things in the place of what takes long:
`uv` and the product's modules only say that they were called."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from config import ROOT

TOOLS = ("sh", "cat", "cksum", "dirname", "getconf", "ln", "mkdir", "rm")
PYTESTS = os.sysconf("SC_NPROCESSORS_ONLN") + 1

FAKE_UV = f"""#!/bin/sh
echo "uv $1 $2" >>"$CALLS"
case "$1" in
    venv) mkdir -p .venv/bin && ln -s "{sys.executable}" .venv/bin/python ;;
    pip)
        [ ! -e broken ] || {{ echo "no network" >&2; exit 1; }}
        [ ! -e killed ] || kill -9 $PPID
        mkdir -p .venv/lib/python/site-packages/package
        echo "answer = 42" >.venv/lib/python/site-packages/package/module.py
        echo "print 'for another Python'" >.venv/lib/python/site-packages/old.py
        ;;
esac
"""
ECHO = "import sys; print('called', __spec__.name, *sys.argv[1:])"


@dataclass
class Checkout:
    root: Path
    tools: Path

    def run(self, *words: str, cwd: Path | None = None, **env: str):
        """Run ./run with these words; everything it prints is in `stdout`."""
        return subprocess.run(
            [str(self.root / "run"), *words],
            cwd=cwd or self.root,
            env={"PATH": str(self.tools), "CALLS": str(self.root / "calls"), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def calls(self) -> list[str]:
        """What was asked of uv since the last time."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, tools = tmp_path / "my copy", tmp_path / "bin"
    for folder in (root / "app", root / "runtime", tools):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / "run", root)
    for name in ("runtime/runner.py", "demo.py", "app/bootstrap.py"):
        (root / name).write_text(ECHO)
    for name in ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt"):
        (root / name).write_text("flask==3.1.3\n")
    for name in TOOLS:
        if program := shutil.which(name):
            (tools / name).symlink_to(program)
    script(tools / "uv", FAKE_UV)
    script(tools / "python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    return Checkout(root, tools)


def script(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_it_installs_once_and_starts_the_runner(checkout):
    first = checkout.run()
    assert "Installing requirements.txt" in first.stdout
    assert first.stdout.endswith("called runtime.runner\n")
    assert checkout.calls() == ["uv venv --quiet", "uv pip install"]
    assert checkout.run().stdout == "called runtime.runner\n"
    assert checkout.calls() == []


def test_it_installs_again_when_the_requirements_change(checkout):
    checkout.run("migrate")
    (checkout.root / "requirements.txt").write_text("flask==3.1.4\n")
    checkout.calls()
    checkout.run("migrate")
    assert checkout.calls() == ["uv pip install"]


def test_what_the_tests_need_is_enough_for_the_product(checkout):
    script(checkout.tools / "mypy", "#!/bin/sh\necho fine\n")
    assert checkout.run("types").stdout.endswith("fine\n")
    assert checkout.calls() == ["uv venv --quiet", "uv pip install"]
    checkout.run("migrate")
    assert checkout.calls() == []


def test_the_demo_needs_more_than_the_product_and_less_than_the_tests(checkout):
    checkout.run("migrate")
    checkout.calls()
    demo = checkout.run("demo", "--fresh")
    assert "Installing requirements-demo.txt" in demo.stdout
    assert demo.stdout.endswith("called demo --fresh\n")
    assert checkout.calls() == ["uv pip install"]
    checkout.run()
    assert checkout.calls() == []


def test_an_installation_that_was_killed_is_begun_anew(checkout):
    (checkout.root / "killed").touch()
    assert checkout.run("migrate").returncode != 0
    (checkout.root / "killed").unlink()
    checkout.calls()
    second = checkout.run("migrate")
    assert "interrupted" in second.stdout and "called app.bootstrap" in second.stdout
    assert checkout.calls() == ["uv venv --quiet", "uv pip install"]


def test_an_installation_that_failed_is_tried_again_without_losing_what_is_there(checkout):
    (checkout.root / "broken").touch()
    first = checkout.run("migrate")
    assert first.returncode == 1
    assert "no network" in first.stdout and "Could not install" in first.stdout
    assert "called" not in first.stdout
    (checkout.root / "broken").unlink()
    checkout.calls()
    assert "called app.bootstrap" in checkout.run("migrate").stdout
    assert checkout.calls() == ["uv pip install"]


def test_what_was_installed_is_compiled_once_and_what_does_not_compile_is_let_be(checkout):
    first = checkout.run(PYTHONDONTWRITEBYTECODE="1")
    assert first.returncode == 0 and "SyntaxError" not in first.stdout
    [compiled] = (checkout.root / ".venv/lib").rglob("*.pyc")
    assert compiled.name.startswith("module.")
    compiled.unlink()
    assert "Compiling" not in checkout.run().stdout
    assert not compiled.exists()


def test_what_it_starts_keeps_what_it_compiles(checkout):
    (checkout.root / "runtime/runner.py").write_text("import sys; print(sys.dont_write_bytecode)")
    assert checkout.run(PYTHONDONTWRITEBYTECODE="1").stdout.endswith("False\n")


def test_where_nothing_can_be_written_what_is_there_starts_and_stays(checkout):
    checkout.run()
    script(checkout.tools / "mkdir", "#!/bin/sh\nexit 1\n")
    assert checkout.run().stdout == "called runtime.runner\n"
    (checkout.root / "requirements.txt").write_text("flask==3.1.4\n")
    refused = checkout.run()
    assert refused.returncode == 1
    assert f"{checkout.root} can't be written to" in refused.stdout
    assert (checkout.root / ".venv/bin/python").exists()


def test_two_do_not_install_at_once(checkout):
    (checkout.root / ".venv-lock").mkdir()
    (checkout.root / ".venv-lock/pid").write_text(f"{os.getpid()}\n")
    second = checkout.run("migrate")
    assert second.returncode == 1
    assert f"process {os.getpid()}) is installing" in second.stdout
    assert checkout.calls() == []


def test_a_checkout_that_was_moved_gets_a_new_environment(checkout):
    checkout.run("migrate")
    checkout.calls()
    moved = Checkout(checkout.root.rename(checkout.root.with_name("elsewhere")), checkout.tools)
    assert "called app.bootstrap" in moved.run("migrate").stdout
    assert moved.calls() == ["uv venv --quiet", "uv pip install"]


def test_an_environment_whose_interpreter_is_gone_is_made_anew(checkout):
    checkout.run("migrate")
    checkout.calls()
    python = checkout.root / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nonexistent")
    assert "called app.bootstrap" in checkout.run("migrate").stdout
    assert checkout.calls() == ["uv venv --quiet", "uv pip install"]


def test_it_works_from_any_folder(checkout, tmp_path):
    assert "called runtime.runner" in checkout.run(cwd=tmp_path).stdout


def test_it_passes_on_how_the_product_ended(checkout):
    (checkout.root / "runtime/runner.py").write_text("raise SystemExit(78)")
    assert checkout.run().returncode == 78


@pytest.mark.parametrize("python", ["exit 1", 'case "$2" in *version_info*) exit 1 ;; esac'])
def test_without_a_recent_python_it_says_so(checkout, python):
    script(checkout.tools / "python3", f"#!/bin/sh\n{python}\n")
    result = checkout.run()
    assert result.returncode == 1
    assert "Python 3.11 or newer is needed" in result.stdout
    assert not (checkout.root / ".venv").exists()


def test_a_python_without_venv_is_no_use_but_the_next_one_is(checkout):
    (checkout.tools / "uv").unlink()
    lacking = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n'
    script(checkout.tools / "python3", lacking)
    result = checkout.run()
    assert result.returncode == 1
    assert "python3 lacks its venv module" in result.stdout
    assert "apt install python3-venv" in result.stdout
    makes_it = f'mkdir -p .venv/bin; ln -sf "{sys.executable}" .venv/bin/python'
    script(checkout.tools / "python3.12", f'#!/bin/sh\n[ "$1" != -m ] || {{ {makes_it}; }}\n')
    (checkout.root / "pip.py").write_text("")
    assert "called runtime.runner" in checkout.run().stdout


def test_the_interpreter_can_be_chosen(checkout):
    script(checkout.tools / "python3", "#!/bin/sh\nexit 1\n")
    assert "called runtime.runner" in checkout.run(PYTHON=sys.executable).stdout


def test_an_unknown_word_changes_nothing(checkout):
    result = checkout.run("strat")
    assert result.returncode == 2
    assert 'does not know "strat"' in result.stdout and "./run setup-link" in result.stdout
    assert not (checkout.root / ".venv").exists()


def test_help_names_every_word(checkout):
    result = checkout.run("help")
    assert result.returncode == 0
    words = re.findall(r"^    (\S+)\) ", (checkout.root / "run").read_text(), re.MULTILINE)
    assert {"demo", "reset-password", "test"} < set(words)
    assert all(f"./run {word}" in result.stdout for word in words if word != "start")


@pytest.mark.parametrize("broken", ["djlint", "mypy"])
def test_the_tests_come_last_and_everything_counts(checkout, broken):
    """./run test ends with pytest's own line, and fails if anything before has failed."""
    for name in ("ruff", "djlint", "mypy", "pytest"):
        script(checkout.tools / name, f"#!/bin/sh\necho {name} $*\n")
    script(checkout.tools / broken, "#!/bin/sh\nexit 3\n")
    result = checkout.run("test")
    assert result.returncode == 3
    assert "ruff check ." in result.stdout and "ruff format --check ." in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"pytest -n {PYTESTS}")


def test_fast_leaves_out_what_is_slow(checkout):
    for name in ("ruff", "pytest", "mypy"):
        script(checkout.tools / name, '#!/bin/sh\nfor each; do printf "<%s>" "$each"; done; echo\n')
    lines = checkout.run("test", "fast", "-k", "two words").stdout.splitlines()
    assert (
        lines[-1] == f"<-n><{PYTESTS}><--dist><worksteal>"
        "<-m><not slow><--database><sqlite><-k><two words>"
    )
    assert len(lines) > 3, "ruff and mypy come first"


def test_all_tests_run_on_the_other_database(checkout):
    script(checkout.tools / "pytest", '#!/bin/sh\necho "pytest $*"\n')
    result = checkout.run("test", "--database", "postgresql")
    assert result.stdout.endswith(f"pytest -n {PYTESTS} --dist worksteal --database postgresql\n")


def test_arguments_choose_the_tests(checkout):
    script(checkout.tools / "pytest", '#!/bin/sh\necho "pytest <$1> <$2>"; exit 5\n')
    result = checkout.run("test", "-k", "two words")
    assert result.returncode == 5
    assert result.stdout.endswith("pytest <-k> <two words>\n")


def test_it_is_plain_posix_shell():
    shell = shutil.which("dash") or "/bin/sh"
    assert subprocess.run([shell, "-n", str(ROOT / "run")]).returncode == 0


@pytest.fixture
def ci(checkout):
    """A checkout where .ci/run calls a ./run that only says so. No browser, no apt-get yet."""
    (checkout.root / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", checkout.root / ".ci")
    script(checkout.root / "run", '#!/bin/sh\necho "./run $* CI=$CI"; exit 5\n')
    (checkout.tools / "bash").symlink_to(shutil.which("bash"))
    script(checkout.tools / "sudo", '#!/bin/sh\nshift; exec "$@"\n')

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [checkout.tools / "bash", checkout.root / ".ci/run"],
            env={"PATH": str(checkout.tools)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return run


def test_ci_runs_the_tests_and_nothing_else_when_there_is_a_browser(ci, checkout):
    script(checkout.tools / "chromium", "#!/bin/sh\n")
    result = ci()
    assert (result.stdout, result.returncode) == ("./run test CI=true\n", 5)


def test_ci_installs_a_browser_where_there_is_none(ci, checkout):
    script(checkout.tools / "apt-get", '#!/bin/sh\necho "apt-get $*"\n')
    lines = ci().stdout.splitlines()
    assert lines[0].startswith("apt-get update") and lines[1].endswith(" chromium")
    assert lines[2:] == ["./run test CI=true"]


def test_ci_says_loudly_that_it_found_no_browser(ci):
    output = ci().stdout
    assert "CHROMIUM IS MISSING" in output
    assert output.endswith("./run test CI=true\n")


def test_what_is_installed_asks_for_nothing_that_is_missing():
    """./run installs exactly what the lists name, without looking at what that depends on."""
    names = re.findall(r"^([\w.-]+)==", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    here = [name for name in names if _version(name)]
    missing = {
        f"{name} needs {needed}"
        for name in here
        for needed in map(Requirement, metadata.requires(name) or [])
        if not needed.marker or needed.marker.evaluate({"extra": ""})
        if not needed.specifier.contains(_version(needed.name) or "", prereleases=True)
    }
    assert len(here) > 100
    assert not missing


def _version(name: str) -> str | None:
    """None: not for this kind of machine."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
