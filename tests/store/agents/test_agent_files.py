"""Writing agents' files: all or nothing, one backup, a trash, and nothing outside the folder."""

import os
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import ROOT
from core.errors import AgentChanged, AgentTaken, NotWritable, UnknownAgent
from store.agents.agent_files import AgentFiles
from store.agents.agents import AgentFolder
from tests.support import agent_folders

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return agent_folders.build(tmp_path / "agents")


@pytest.fixture
def files(root: Path) -> AgentFiles:
    return AgentFiles(root)


def write(files: AgentFiles, agent_id: str, **texts: str) -> bool:
    named = {name.replace("_", "."): text for name, text in texts.items()}
    return files.write(agent_id, files.read(agent_id).etag, named)


def test_a_change_and_its_backup(files: AgentFiles, root: Path) -> None:
    before = agent_folders.contents(root)
    assert write(files, "finn", SOUL_md="Rhymes.")
    assert agent_folders.contents(root) == before | {
        "finn/SOUL.md": b"Rhymes.",
        "finn/SOUL.md.bak": before["finn/SOUL.md"],
    }
    assert AgentFolder(root).load().agents["finn"].soul == "Rhymes."


def test_what_an_original_installation_has_besides_is_left_alone(
    files: AgentFiles, root: Path
) -> None:
    """docs/agents.md promises it of these files and keys."""
    before = agent_folders.contents(root)
    foreign = ("finn/PULSE.md", "finn/slack.yml", "finn/.gitkeep", "_templates/PULSE.md")
    config = agent_folders.FINN.replace("custom/small", "custom/large")
    assert write(files, "finn", SOUL_md="Rhymes.", AGENTS_md="Decide.", config_yml=config)
    files.restore("finn", "SOUL.md", files.read("finn").etag)
    files.recover(files.remove("finn", NOW))
    after = agent_folders.contents(root)
    assert {name: after[name] for name in foreign} == {name: before[name] for name in foreign}
    assert agent_folders.PULSE_KEYS in after["finn/config.yml"].decode()
    promise = (ROOT / "docs/agents.md").read_text()
    assert "(`pulse_*`, `slack.yml`, `PULSE.md` and so on) are left alone" in promise


def test_nothing_new_leaves_no_trace(files: AgentFiles, root: Path) -> None:
    before = agent_folders.contents(root)
    assert not write(files, "finn", SOUL_md=str(agent_folders.FILES["finn/SOUL.md"]))
    assert not write(files, "jim", SOUL_md="")
    assert agent_folders.contents(root) == before


def test_a_file_that_was_not_there_has_no_backup(files: AgentFiles, root: Path) -> None:
    assert write(files, "jim", SOUL_md="Thrifty.")
    assert (root / "jim/SOUL.md").read_text() == "Thrifty."
    assert files.list_backups("jim") == {}


def test_byte_order_marks_and_line_ends_stay(files: AgentFiles, root: Path) -> None:
    now = files.read("yukihiro")
    same = "Short sentences.\nShorter code.\n"
    assert now.in_its_manner("SOUL.md", same) == now.text("SOUL.md")
    assert now.in_its_manner("SOUL.md", same + "End.\r\n").endswith("code.\r\nEnd.\r\n")
    assert now.in_its_manner("AGENTS.md", "a\r\nb\r") == "a\nb\n"
    write(files, "yukihiro", IDENTITY_md=now.text("IDENTITY.md").replace("Software", "Hard"))
    raw = (root / "yukihiro/IDENTITY.md").read_bytes()
    assert raw == agent_folders.FILES["yukihiro/IDENTITY.md"].replace(b"Software", b"Hard")  # type: ignore


def test_what_was_changed_meanwhile_is_not_overwritten(files: AgentFiles, root: Path) -> None:
    etag = files.read("finn").etag
    (root / "finn/AGENTS.md").write_text("By hand.")
    before = agent_folders.contents(root)
    with pytest.raises(AgentChanged):
        files.write("finn", etag, {"SOUL.md": "Rhymes."})
    with pytest.raises(AgentChanged):
        files.restore("finn", "SOUL.md", etag)
    assert agent_folders.contents(root) == before


def test_of_two_writers_at_once_one_is_refused(files: AgentFiles, root: Path) -> None:
    etag = files.read("finn").etag

    def attempt(number: int) -> bool:
        try:
            return AgentFiles(root).write("finn", etag, {"SOUL.md": f"{number}", "AGENTS.md": "x"})
        except AgentChanged:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_rights_stay(files: AgentFiles, root: Path) -> None:
    (root / "finn/SOUL.md").chmod(0o640)
    write(files, "finn", SOUL_md="Rhymes.", config_yml="model: a/b\n")
    assert stat.S_IMODE((root / "finn/SOUL.md").stat().st_mode) == 0o640
    assert stat.S_IMODE((root / "finn/SOUL.md.bak").stat().st_mode) == 0o640


def test_the_previous_version_and_the_present_one_change_places(
    files: AgentFiles, root: Path
) -> None:
    write(files, "finn", SOUL_md="Rhymes.")
    [(name, previous)] = files.list_backups("finn").items()
    assert (name, previous.text) == ("SOUL.md", agent_folders.FILES["finn/SOUL.md"])
    assert previous.until <= datetime.now(UTC)
    for text in (agent_folders.FILES["finn/SOUL.md"], "Rhymes."):
        files.restore("finn", "SOUL.md", files.read("finn").etag)
        assert (root / "finn/SOUL.md").read_text() == text


def test_a_broken_file_can_be_restored(files: AgentFiles, root: Path) -> None:
    (root / "holt/config.yml.bak").write_text("model: custom/small\n")
    files.restore("holt", "config.yml", files.read("holt").etag)
    assert AgentFolder(root).load().broken == ()


@pytest.mark.parametrize("name", ["SOUL.md", "slack.yml", "../finn/config.yml", "SOUL.md.bak"])
def test_without_a_backup_nothing_is_restored(files: AgentFiles, root: Path, name: str) -> None:
    (root / "finn/slack.yml.bak").write_text("x")
    before = agent_folders.contents(root)
    with pytest.raises(AgentChanged):
        files.restore("finn", name, files.read("finn").etag)
    assert agent_folders.contents(root) == before


# New ones, and the trash


def test_a_new_agent(files: AgentFiles, root: Path) -> None:
    files.create("ada", {"IDENTITY.md": "# Ada\n", "config.yml": ""})
    assert AgentFolder(root).load().agents["ada"].name == "Ada"
    assert stat.S_IMODE((root / "ada").stat().st_mode) == 0o755
    assert [path.name for path in root.glob(".new-*")] == []


def test_the_first_agent_makes_the_folder(tmp_path: Path) -> None:
    AgentFiles(tmp_path / "not/there").create("ada", {"SOUL.md": "x"})
    assert sorted(AgentFolder(tmp_path / "not/there").load().agents) == ["ada"]


@pytest.mark.parametrize("name", ["finn", "FINN", "holt", "roles", "readme"])
def test_a_name_that_is_taken(files: AgentFiles, root: Path, name: str) -> None:
    (root / "readme").touch()
    before = agent_folders.contents(root)
    with pytest.raises(AgentTaken):
        files.create(name, {"SOUL.md": "x"})
    assert agent_folders.contents(root) == before


def test_to_the_trash_and_back(files: AgentFiles, root: Path) -> None:
    before = agent_folders.contents(root)
    trashed = files.remove("finn", NOW)
    assert trashed == "finn.20260301T120000"
    assert "finn" not in AgentFolder(root).load().agents
    assert (root / ".trash" / trashed / "slack.yml").exists()
    assert files.recover(trashed) == "finn"
    assert agent_folders.contents(root) == before


def test_the_trash_holds_several_of_one_name(files: AgentFiles, root: Path) -> None:
    trashed = []
    for soul in ("one", "two"):
        files.create("ada", {"SOUL.md": soul})
        trashed.append(files.remove("ada", NOW))
    files.recover(trashed[1])
    assert (root / "ada/SOUL.md").read_text() == "two"
    with pytest.raises(AgentTaken):
        files.recover(trashed[0])
    with pytest.raises(UnknownAgent):
        files.recover(trashed[1])


# Nothing outside


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../agents/finn", "/etc", "_templates", ".git", "README.md", "nobody"]
)
def test_only_agents_folders(files: AgentFiles, root: Path, name: str) -> None:
    before = agent_folders.contents(root.parent)
    for call in (
        lambda: files.read(name),
        lambda: files.write(name, "", {"SOUL.md": "x"}),
        lambda: files.restore(name, "SOUL.md", ""),
        lambda: files.list_backups(name),
        lambda: files.remove(name, NOW),
        lambda: files.recover(name),
        lambda: files.recover(f"{name}.20260301T120000"),
    ):
        with pytest.raises(UnknownAgent):
            call()
    assert agent_folders.contents(root.parent) == before


@pytest.mark.parametrize("link", ["finn/SOUL.md", "finn"])
def test_links_are_not_written_through(files: AgentFiles, root: Path, link: str) -> None:
    elsewhere = root.parent / "elsewhere"
    (root / link).rename(elsewhere)
    (root / link).symlink_to(elsewhere)
    before = agent_folders.contents(root.parent)
    with pytest.raises(NotWritable, match="is a link to another place"):
        write(files, "finn", SOUL_md="Rhymes.")
    assert agent_folders.contents(root.parent) == before


def test_a_backup_that_leads_elsewhere_is_none(files: AgentFiles, root: Path) -> None:
    (root.parent / "secret").write_text("secret")
    (root / "finn/SOUL.md.bak").symlink_to(root.parent / "secret")
    assert files.list_backups("finn") == {}
    write(files, "finn", SOUL_md="Rhymes.")
    assert (root.parent / "secret").read_text() == "secret"


# When the system refuses


@pytest.fixture
def foreign(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Agents of somebody else, who lets others only read."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become somebody else")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield agent_folders.build(Path(folder) / "agents")


def test_a_folder_that_can_only_be_read(foreign: Path) -> None:
    files = AgentFiles(foreign)
    assert files.is_writable() and files.is_writable("finn")
    before = agent_folders.contents(foreign)
    etag = files.read("finn").etag
    os.seteuid(65534)
    try:
        assert not files.is_writable() and not files.is_writable("finn")
        for call in (
            lambda: files.write("finn", etag, {"SOUL.md": "x"}),
            lambda: files.create("ada", {"SOUL.md": "x"}),
            lambda: files.remove("finn", NOW),
        ):
            with pytest.raises(NotWritable, match="can't be written: Permission denied"):
                call()
    finally:
        os.seteuid(0)
    assert agent_folders.contents(foreign) == before


def test_when_one_file_fails_none_is_changed(files: AgentFiles, root: Path) -> None:
    (root / "finn/SOUL.md.bak").mkdir()  # nothing can take its place
    before = agent_folders.contents(root)
    with pytest.raises(NotWritable):
        write(files, "finn", SOUL_md="Rhymes.")
    assert agent_folders.contents(root) == before
