"""The Procfile: what ./run, honcho and a platform start."""

import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from honcho.environ import parse_procfile

from config import ROOT, Config
from runtime.processes import LAST, RELEASE

COMMANDS = dict(parse_procfile((ROOT / "Procfile").read_text()).processes)


def test_the_processes_are_those_of_the_design():
    assert set(COMMANDS) == {"web", "redis", "worker", "jobs", "release"}
    assert {LAST, RELEASE} <= set(COMMANDS)


def test_web_comes_first_so_that_honcho_gives_it_the_port_itself():
    assert next(iter(COMMANDS)) == "web"


def expanded(command: str, **env: str) -> list[str]:
    """What the shell makes of ${NAME:-default} and ${NAME:+value}."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        is_set = bool(env.get(name))
        return (env[name] if is_set else word) if operator == ":-" else (word if is_set else "")

    return shlex.split(re.sub(r"\$\{(\w+)(:[-+])([^}]*)\}", value, command))


def test_each_is_one_program_so_that_a_signal_reaches_it():
    for command in COMMANDS.values():
        assert not set(expanded(command)) & {"|", ";", "&", "&&", "||", "exec"}


def test_web_listens_where_the_config_says():
    config = Config.from_env({})
    words = expanded(COMMANDS["web"])
    assert words[words.index("-b") + 1] == f"{config.host}:{config.port}"
    words = expanded(COMMANDS["web"], PORT="5000", HOST="0.0.0.0")
    assert words[words.index("-b") + 1] == "0.0.0.0:5000"


def test_web_logs_no_addresses_since_one_of_them_is_the_set_up_link():
    assert not {"--access-logfile", "--access-logformat"} & set(expanded(COMMANDS["web"]))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "web"])
def test_every_module_exists(name):
    words = expanded(COMMANDS[name])
    assert words[:2] == ["python", "-m"]
    assert find_spec(words[2]), f"{name}: there is no module {words[2]}"


def test_web_is_a_program_that_was_installed_and_a_module_of_ours():
    words = expanded(COMMANDS["web"])
    assert (Path(sys.executable).parent / words[0]).exists()
    assert (ROOT / "wsgi.py").exists() and words[-1] == "wsgi:app"


def test_under_honcho_release_stays_since_honcho_stops_all_when_one_ends():
    assert "--stay" not in expanded(COMMANDS["release"])
    assert "--stay" in expanded(COMMANDS["release"], HONCHO_PROCESS_NAME="release.1")
