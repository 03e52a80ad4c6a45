"""What the documentation says is true, where a machine can tell."""

import re
import subprocess

import pytest
from ruamel.yaml import YAML

from app.account.second_factor import DRIFT
from app.web.throttle import PER_ADDRESS, PER_SECOND_FACTOR, WINDOW
from config import ROOT, Config
from core.admission import allowlist_csv
from core.admission.limits import CRASHES
from core.agents import introduction, mcp_config
from core.link import ATTEMPT, FIRST_QR, NEXT_QR, QR_CODES
from core.messages.command import COMMANDS
from core.models import window
from core.models.failure import Failure
from core.models.name import PROVIDERS
from core.settings import ABOUT, Settings
from core.text.chunks import MESSAGE_LIMIT
from store.account import owner, second_factor
from store.agents.agent_files import BACKUP, TRASH
from store.agents.agents import FILE_LIMIT, FILES, AgentFolder
from tests.test_glossary import remarks
from worker.jobs import compaction
from worker.jobs.chat_loop import LATE
from worker.models.completion import ANSWER_SECONDS, LIMITS
from worker.models.http_client import LONGEST_WAIT, TRIES
from worker.supervisor.lock import TTL
from worker.tools.context import RESULT_LIMIT
from worker.tools.mcp import FAILED_FOR, LISTED_FOR, PATIENCE, TOOLS
from worker.tools.messaging import SENDS

SETUP = (ROOT / "docs/setup.md").read_text()
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()


def test_the_command_table_is_the_code_s():
    rows = re.findall(r"^\| `(/[^`]+)` \| (.+?) \|$", SETUP, re.MULTILINE)
    assert rows == [(command.usage, command.help) for command in COMMANDS]


def test_every_variable_is_described_and_exists():
    described = re.findall(r"^\| `([A-Z_]+)` \|", CONFIGURATION, re.MULTILINE)
    assert described == [name.upper() for name in Config.model_fields]


@pytest.mark.parametrize(
    ("variable", "default"),
    [("HOST", "127.0.0.1"), ("PORT", "8000"), ("JOBS_CONCURRENCY", "100"), ("LOG_LEVEL", "INFO")],
)
def test_defaults_are_the_code_s(variable: str, default: str):
    assert f"| `{variable}` | `{default}` |" in CONFIGURATION
    assert str(getattr(Config(), variable.lower())) == default


def test_the_settings_are_called_as_in_the_panel():
    table = SETUP.partition("| Setting | Meaning |")[2].partition("\n\n")[0]
    assert {row.split("|")[1].strip() for row in table.splitlines()[2:]} == {
        str(about.label) for about in ABOUT.values()
    }


def test_the_settings_table_is_the_code_s():
    defaults = Settings()
    assert f"5 to 120 | {defaults.sticky_minutes} |" in SETUP
    minutes = ABOUT["sticky_minutes"].numbers
    assert minutes and (minutes.lowest, minutes.highest) == (5, 120)
    assert f"one answer | {defaults.gather_ms / 1000:g} s |" in SETUP
    assert f"no answer to it. Empty: no limit | {defaults.messages_per_minute} |" in SETUP
    assert defaults.daily_cost_usd is None
    assert not (defaults.still_working or defaults.auto_compact)
    assert defaults.pause_on_own_message
    assert not (defaults.enabled or defaults.allow_all or defaults.keep_held_text)
    assert defaults.default_agent is None and defaults.ack_emoji is None


def test_the_figures_of_linking_are_the_code_s():
    assert (QR_CODES, FIRST_QR, NEXT_QR, ATTEMPT) == (6, 60, 20, 160)
    assert "six codes, the\n   first for 60 seconds, the others for 20 seconds each" in SETUP
    assert f"at most {ATTEMPT} seconds" in SETUP


def test_the_lock_and_the_chunks_are_as_described():
    assert f"the lock's {TTL:g} seconds" in SETUP
    assert f"split at {MESSAGE_LIMIT:,} characters" in SETUP


@pytest.mark.parametrize(
    "line",
    [
        "[WhatsAppBridge] Connection: open",
        "[WhatsAppBridge] ChatSessionManager injected",
        "Another engine instance holds the WhatsApp lock",
        "WhatsApp is not connected",
    ],
)
def test_lines_to_look_for_are_in_the_code(line: str):
    assert line in SETUP
    found = subprocess.run(
        ["grep", "-rlF", line, "worker", "core", "app", "--include=*.py"],
        cwd=ROOT,
        capture_output=True,
    )
    assert found.returncode == 0


def test_the_figures_of_tools_are_the_code_s():
    page = " ".join((ROOT / "docs/tools.md").read_text().split())
    assert (SENDS, LISTED_FOR, FAILED_FOR, PATIENCE) == (10, 600, 60, 10)
    assert "after ten messages in one turn" in page and "remembered for ten minutes" in page
    assert f"at most {mcp_config.TIMEOUT_MAX:.0f}; {mcp_config.TIMEOUT:.0f} if nothing" in page
    assert f"first {RESULT_LIMIT:,} characters" in page
    assert f"up to {TOOLS} tools" in page and f"up to {mcp_config.SERVERS} servers" in page


def test_the_example_of_mcp_servers_can_be_used():
    [example] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/tools.md").read_text(), re.DOTALL)
    found = mcp_config.read(YAML(typ="safe").load(example))
    assert [server.name for server in found.servers] == ["files", "weather"]
    assert found.problems == ()


def test_the_shipped_agents_load():
    registry = AgentFolder(ROOT / "agents").load()
    assert sorted(registry.agents) == ["eric", "finn", "yukihiro"]
    assert not registry.broken


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_every_picture_is_shown():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        name for page in pages for name in re.findall(r"images/([\w-]+\.png)", page.read_text())
    }
    assert {path.name for path in (ROOT / "docs/images").iterdir()} == shown


def test_agents_are_as_described():
    page = (ROOT / "docs/agents.md").read_text()
    assert re.findall(r"^\| `(\S+)` \| ", page, re.MULTILINE)[:3] == [*FILES[1:]]
    assert f"at most {FILE_LIMIT // 1024} kB" in page
    assert f"moves the folder to `{TRASH}`" in page and f"`<file>{BACKUP}`" in page


def test_models_are_as_described():
    page = (ROOT / "docs/models.md").read_text()
    assert re.findall(r"^\| `([a-z]+)` \| .* \| .* \|$", page, re.MULTILINE)[: len(PROVIDERS)] == [
        *PROVIDERS
    ]
    for failure in Failure:
        row = (f"`{failure}`", failure.sentence, failure.for_owner)
        fallback = "yes" if failure.may_pass_elsewhere else "no"
        assert f"| {' | '.join(row)} | {fallback} |" in page
    assert f"up to {TRIES} times in all" in page and f"{LONGEST_WAIT:g} seconds, not at all" in page
    assert f"silent for {ANSWER_SECONDS:g} seconds" in page
    assert (
        f"{LIMITS.request_limit} requests to the model or {LIMITS.total_tokens_limit:,} tokens"
        in page
    )


def test_conversations_are_as_described():
    page = (ROOT / "docs/conversations.md").read_text()
    for figure in (
        f"up to {window.REPLY:,} tokens",
        f"one of {window.UNKNOWN:,}\n  tokens",
        f"no more than {window.CAP:,}",
        f"(one line, {introduction.NAME} characters",
        f"more than {window.NEARLY_FULL * 100:.0f} % of the room",
        f"`{Failure.RATE_LIMITED}`",
        f"`{Failure.OVER_BUDGET}`",
    ):
        assert figure in page
    assert (compaction.KEPT, CRASHES, LATE) == (4, 3, 60)


def test_the_allowlist_is_as_described():
    page = " ".join((ROOT / "docs/allowlist.md").read_text().split())
    assert f"`{'`, `'.join(allowlist_csv.COLUMNS[:2])}` and `{allowlist_csv.COLUMNS[2]}`" in page
    assert f"up to {allowlist_csv.BYTES // 1024**2} MB and {allowlist_csv.LINES:,} lines" in page


def test_the_account_is_as_described():
    page = " ".join((ROOT / "docs/account.md").read_text().split())
    assert (owner.SESSION_IDLE.days, owner.RESET_VALID.total_seconds()) == (14, 3600)
    assert (second_factor.RECOVERY_CODES, DRIFT, PER_SECOND_FACTOR, PER_ADDRESS) == (10, 1, 10, 10)
    assert WINDOW == 15 * 60 and "nobody has used for 14 days" in page
    assert "good for an hour" in page and "ten **recovery codes**" in page


_PATH = re.compile(
    r"(?<![\w/.-])((?:app|core|store|worker|simulator|demo|runtime|tests|docs|bench)/[\w/]+\.(?:py|md))\b"
)


def test_paths_in_the_documentation_exist() -> None:
    missing = [
        f"{page.name}: {path}"
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        for path in _PATH.findall(page.read_text())
        if not (ROOT / path).is_file()
    ]
    assert missing == []


def test_paths_in_docstrings_and_comments_exist() -> None:
    rooms = ("app", "core", "store", "worker", "simulator", "demo", "runtime", "tests")
    missing = [
        f"{file.relative_to(ROOT)}:{line}: {path}"
        for room in rooms
        for file in sorted((ROOT / room).rglob("*.py"))
        for line, text in remarks(file)
        for path in _PATH.findall(text)
        if not (ROOT / path).is_file()
    ]
    assert missing == []


ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
WAY = ARCHITECTURE.partition("## The way of one message")[2].partition("\n## ")[0]


def test_the_files_that_the_architecture_names_exist() -> None:
    named = re.findall(r"`([a-z_]+/[\w/]+\.py)`", ARCHITECTURE)
    assert named and not [name for name in named if not (ROOT / name).is_file()]


def test_the_rooms_are_as_drawn() -> None:
    tree = ARCHITECTURE.partition("```text")[2].partition("```")[0]
    drawn: dict[str, set[str]] = {}
    for indent, words in re.findall(r"^( *)((?:\w+/ ?)+)", tree, re.MULTILINE):
        folders = re.findall(r"(\w+)/", words)
        if indent:
            drawn[room] |= set(folders)  # noqa: F821
        else:
            room = folders[0]
            drawn[room] = set()
    for room in ("core", "store", "app", "worker"):
        there = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}
        assert drawn[room] == there


def test_one_message_s_way_is_at_most_15_files_long() -> None:
    """Each of them is in the picture, too."""
    files = re.findall(r"^\d+\. `([\w/]+\.py)`", WAY, re.MULTILINE)
    picture = WAY.partition("```mermaid")[2].partition("```")[0]
    assert 10 < len(files) <= 15
    assert not [name for name in files if name.rpartition("/")[2] not in picture]


def test_the_words_of_run_are_in_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for words in ("demo", "test fast", "test", "test --database postgresql", "lint", "types"):
        assert re.search(rf"^\./run {words}( |$)", text, re.MULTILINE)
