"""Agents in the panel, with and without scripts, over a folder with all the original's quirks."""

from datetime import timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert

from app.web.ext import Services
from core.admission.allowlist import Pattern
from core.agents import introduction
from core.agents.agent import system_prompt
from core.channel import Channel
from core.phone import Phone
from core.settings import Settings
from store import allowlist, settings
from store.agents import provider_keys
from store.agents.agents import AgentFolder
from store.pages import agent_use
from store.sql.tables import chats, turns
from tests.app.acts import list_acts
from tests.app.agents.editing import read_etag, read_form, save_agent
from tests.app.visitor import TOKEN, Visitor, tag, words
from tests.support import agent_folders


def use(services: Services, agent: str, cost: str | None) -> None:
    with services.db.write() as connection:
        chat = connection.execute(insert(chats).values(address="x").returning(chats.c.id)).scalar()
        connection.execute(
            insert(turns).values(
                chat_id=chat,
                kind="agent",
                state="done",
                agent=agent,
                request="",
                input_tokens=1200,
                output_tokens=34,
                cost_usd=cost and Decimal(cost),
                started_at=services.now() - timedelta(minutes=3),
            )
        )


def test_the_shipped_ones_are_listed(owner: Visitor) -> None:
    said = words(owner.open("/agents/"))
    assert "Finn" in said and "Yukihiro" in said and "Eric" in said
    assert said.count("Not used yet") == 3
    assert 'href="/chat/?agent=finn"' in owner.open("/agents/").text


def test_a_folder_of_the_original(owner: Visitor, root: Path) -> None:
    said = words(owner.open("/agents/"))
    for agent in ("🏗️ Finn", "Solutions Architect", "Grace 📝", "Chieko", "xai/grok-4-1"):
        assert agent in said
    assert "Can't be used 1 holt config.yml, line 4:" in said
    assert "Agents 10" in said
    assert "model: Write a model as provider/name." in said
    assert "demo/echo (the default)" in said
    assert "_templates" not in said and "roles" not in said


def test_what_they_were_used_for(owner: Visitor, services: Services, root: Path) -> None:
    use(services, "finn", "0.0123")
    use(services, "finn", "2")
    use(services, "jim", None)
    with services.db.write() as connection:
        settings.save(connection, Settings(default_agent="finn"), services.now())
        assert len(agent_use.load(connection)) == 2
    said = words(owner.open("/agents/"))
    assert "Finn default Solutions Architect" in said
    assert "2 turns · 2,468 tokens · $2.01 · last used" in said
    assert "1 turn · 1,234 tokens · no known price · last used" in said
    assert said.index("Jim") < said.index("Chieko")  # the latest used come first


def test_without_any_agents(owner: Visitor, services: Services, tmp_path: Path) -> None:
    services.agents = AgentFolder(tmp_path / "none" / "yet")
    page = owner.open("/agents/")
    assert "No agents yet" in words(page) and 'href="/agents/new"' in page.text


def test_a_model_without_a_key_is_told(owner: Visitor, services: Services, root: Path) -> None:
    (root / "finn/config.yml").write_text("model: openai/gpt-4o\n")
    page = owner.open("/agents/")
    assert "There is no key for openai yet." in words(page)
    with services.db.write() as connection:
        provider_keys.save(connection, services.config, "openai", "a-key", services.now())
    assert "There is no key for openai yet." not in words(owner.open("/agents/"))
    assert '<option value="openai/gpt-4o">' in owner.open("/agents/finn/").text


@pytest.mark.parametrize("agent_id", agent_folders.USABLE)
@pytest.mark.parametrize("htmx", [False, True])
def test_saving_without_a_change_changes_nothing(
    owner: Visitor, root: Path, agent_id: str, htmx: bool
) -> None:
    before = agent_folders.contents(root)
    assert save_agent(owner, agent_id, htmx).status_code == (200 if htmx else 303)
    assert agent_folders.contents(root) == before


@pytest.mark.parametrize("htmx", [False, True])
def test_a_change_touches_only_what_was_changed(
    owner: Visitor, services: Services, root: Path, htmx: bool
) -> None:
    before = agent_folders.contents(root)
    answer = save_agent(
        owner, "finn", htmx, model="openai:gpt-4o", role="Architect", soul="Rhymes.\r\n"
    )
    assert answer.status_code == (200 if htmx else 303)
    said = words(answer if htmx else owner.open("/agents/finn/"))
    assert "It counts from the next message on." in said
    after = agent_folders.contents(root)
    assert after["finn/config.yml"].decode() == agent_folders.FINN.replace(
        "custom/small", "openai/gpt-4o"
    )
    assert after["finn/IDENTITY.md"].decode() == before["finn/IDENTITY.md"].decode().replace(
        "Solutions Architect", "Architect"
    )
    assert after["finn/SOUL.md"] == b"Rhymes.\n"
    changed = {"config.yml", "IDENTITY.md", "SOUL.md"}
    assert {name: after[name] for name in before if name[5:] not in changed} == {
        name: before[name] for name in before if name[5:] not in changed
    }
    assert {name for name in after if name not in before} == {
        f"finn/{name}.bak" for name in changed
    }
    assert list_acts(services) == [
        "ana: agent changed finn: role: Solutions Architect → Architect, "
        "model: custom/small → openai/gpt-4o, SOUL.md"
    ]


def test_a_file_from_windows_stays_one(owner: Visitor, root: Path) -> None:
    save_agent(owner, "yukihiro", emoji="🦉", model="", soul="One.\r\nTwo.\r\n")
    raw = agent_folders.contents(root / "yukihiro")
    before = agent_folders.FILES["yukihiro/IDENTITY.md"]
    assert isinstance(before, bytes)
    assert raw["IDENTITY.md"] == before.replace("💻".encode(), "🦉".encode())
    assert raw["SOUL.md"] == b"One.\r\nTwo.\r\n"
    assert raw["config.yml"] == agent_folders.PULSE_KEYS.replace("\n", "\r\n").encode()


def test_switching_off_for_whatsapp(owner: Visitor, services: Services, root: Path) -> None:
    save_agent(owner, "finn", is_on_whatsapp=None)
    assert (root / "finn/config.yml").read_text() == agent_folders.FINN + "whatsapp: false\n"
    assert "not on WhatsApp" in words(owner.open("/agents/"))
    save_agent(owner, "finn", is_on_whatsapp="y")
    assert services.agents.load().agents["finn"].is_on_whatsapp


def test_files_that_were_missing_are_made(owner: Visitor, services: Services, root: Path) -> None:
    save_agent(owner, "shigeo", emoji="🎨", fallback_model="ollama:llama3:8b")
    agent = services.agents.load().agents["shigeo"]
    assert (agent.name, agent.emoji) == ("Shigeo", "🎨")
    assert agent.fallback_model == "ollama/llama3:8b"
    assert not (root / "shigeo/AGENTS.md").exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_a_change_from_elsewhere_is_not_overwritten_unseen(
    owner: Visitor, services: Services, root: Path, htmx: bool
) -> None:
    opened = {"etag": read_etag(owner, "finn"), **read_form(services, "finn")}
    (root / "finn/SOUL.md").write_text("Changed <by hand>.\n")
    before = agent_folders.contents(root)
    answer = owner.submit("/agents/finn/", htmx, **opened | {"name": "Finnegan"})
    assert answer.status_code == 422
    assert "were changed since this page was opened" in words(answer)
    assert "There is now: Changed <by hand>." in words(answer)
    assert 'value="Finnegan"' in tag(answer, "name") and "fond of diagrams" in answer.text
    assert agent_folders.contents(root) == before and list_acts(services) == []
    again = tag(answer, "etag").split('value="')[1].split('"')[0]
    final = owner.submit("/agents/finn/", htmx, **opened | {"name": "Finnegan", "etag": again})
    assert final.status_code == (200 if htmx else 303)
    assert services.agents.load().agents["finn"].name == "Finnegan"


def test_a_link_is_not_followed(owner: Visitor, root: Path) -> None:
    outside = root.parent / "outside.md"
    (root / "finn/SOUL.md").rename(outside)
    (root / "finn/SOUL.md").symlink_to(outside)
    answer = save_agent(owner, "finn", soul="Rhymes.")
    assert answer.status_code == 422
    assert "SOUL.md is a link to another place: change it there. Nothing was saved." in words(
        answer
    )
    assert "diagrams" in outside.read_text()


def test_a_folder_that_can_only_be_read(
    owner: Visitor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root, who runs the tests, no folder is: so the question is answered for it."""
    monkeypatch.setattr(
        "store.agents.agent_files.AgentFiles.is_writable", lambda self, agent_id="": False
    )
    said = words(owner.open("/agents/"))
    assert f"{root} , can't be written by DjinnBot." in said and "New agent" not in said
    page = owner.open("/agents/finn/")
    assert "can't be written by DjinnBot" in words(page) and "disabled" in tag(page, "save")
    assert "Remove this agent" not in words(page)


def test_what_people_type_is_text(owner: Visitor, root: Path) -> None:
    save_agent(owner, "finn", role="<b>bold</b>", soul="</textarea><script>alert(1)</script>")
    for path in ("/agents/", "/agents/finn/", "/agents/finn/prompt", "/agents/finn/remove"):
        text = owner.open(path).text
        assert "<script>alert" not in text and "<b>bold" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/agents/nobody/",
        "/agents/_templates/",
        "/agents/roles/",
        "/agents/..%2Fworker/",
        "/agents/nobody/remove",
        "/agents/nobody/prompt",
        "/agents/holt/prompt",
        "/agents/finn/previous/SOUL.md",
        "/agents/finn/previous/slack.yml",
    ],
)
def test_what_is_not_there_is_not_found(owner: Visitor, root: Path, path: str) -> None:
    assert owner.open(path).status_code == 404


@pytest.mark.parametrize(("channel", "asked"), [(c, c.value) for c in Channel])
@pytest.mark.parametrize("htmx", [False, True])
def test_the_preview_is_what_the_model_is_told(
    owner: Visitor, services: Services, root: Path, channel: Channel, asked: str, htmx: bool
) -> None:
    page = owner.open(f"/agents/finn/prompt?channel={asked}", htmx)
    about = (
        introduction.introduce("Ana", Phone("+15551234567")) if channel is Channel.WHATSAPP else ""
    )
    wanted = system_prompt(services.agents.load().agents["finn"], channel, about)
    shown = page.text.split('aria-label="System prompt">')[1].split("</pre>")[0]
    assert unescape(shown) == wanted
    assert f"{len(wanted):,} characters, about {-(-len(wanted.encode()) // 4)} tokens" in words(
        page
    )


def test_the_agents_page_shows_that_of_whatsapp(owner: Visitor, root: Path) -> None:
    assert "You answer one person in a WhatsApp chat." in words(owner.open("/agents/finn/"))
    assert "in a chat in the browser" in words(owner.open("/agents/finn/prompt?channel=panel"))
    assert "in a WhatsApp chat" in words(owner.open("/agents/finn/prompt?channel=nonsense"))


@pytest.mark.parametrize("htmx", [False, True])
def test_taking_a_change_back(owner: Visitor, services: Services, root: Path, htmx: bool) -> None:
    save_agent(owner, "finn", soul="Rhymes.", model="")
    assert "SOUL.md as it was until" in words(owner.open("/agents/finn/"))
    page = owner.open("/agents/finn/previous/SOUL.md")
    assert "fond of diagrams" in words(page)
    sent = {"etag": read_etag(owner, "finn")}
    answer = owner.submit("/agents/finn/previous/SOUL.md", htmx, **sent)
    where = answer.headers["HX-Redirect"] if htmx else answer.headers["Location"]
    assert answer.status_code == (200 if htmx else 303) and where == "/agents/finn/"
    assert "SOUL.md is again what it was before." in words(owner.open(where))
    assert (root / "finn/SOUL.md").read_text() == agent_folders.FILES["finn/SOUL.md"]
    assert "\nmodel:" not in (root / "finn/config.yml").read_text()
    assert list_acts(services)[0] == "ana: agent restored finn: SOUL.md"


def test_nothing_is_restored_over_a_newer_change(
    owner: Visitor, services: Services, root: Path
) -> None:
    save_agent(owner, "finn", soul="Rhymes.")
    (root / "finn/AGENTS.md").write_text("By hand.")
    owner.submit("/agents/finn/previous/SOUL.md", etag="x")
    assert "Nothing was restored." in words(owner.open("/agents/finn/"))
    assert (root / "finn/SOUL.md").read_text() == "Rhymes."
    assert len(list_acts(services)) == 1


def test_a_configuration_is_not_shown(owner: Visitor, root: Path) -> None:
    """It may hold the keys of tools."""
    file = root / "finn/config.yml"
    file.write_text(
        "model: custom/small\nmcp_servers: {x: {url: 'http://x', headers: {k: s3cret}}}\n"
    )
    save_agent(owner, "finn", model="custom/large")
    for path in ("/agents/", "/agents/finn/", "/agents/finn/previous/config.yml"):
        assert "s3cret" not in owner.open(path).text
    assert "may hold secrets" in words(owner.open("/agents/finn/previous/config.yml"))


def test_a_broken_one_says_why_and_can_be_restored(
    owner: Visitor, services: Services, root: Path
) -> None:
    (root / "holt/config.yml.bak").write_text("model: custom/small\n")
    said = words(owner.open("/agents/holt/"))
    assert "This agent can't be used. config.yml, line 4:" in said
    token = TOKEN.search(owner.open("/agents/holt/previous/config.yml").text)
    page = owner.open("/agents/holt/previous/config.yml").text
    found = page.split('name="etag" value="')[1].split('"')[0]
    assert token
    owner.submit("/agents/holt/previous/config.yml", etag=found)
    assert services.agents.load().agents["holt"].model == "custom/small"


@pytest.mark.parametrize("htmx", [False, True])
def test_a_new_one_from_an_empty_page(
    owner: Visitor, services: Services, root: Path, htmx: bool
) -> None:
    fields = {"name": " Mary Änn 🦉 ", "role": "Owl", "emoji": "🦉", "start": "", "agent_id": ""}
    answer = owner.submit("/agents/new", htmx, **fields)
    where = answer.headers["HX-Redirect"] if htmx else answer.headers["Location"]
    assert answer.status_code == (200 if htmx else 303) and where == "/agents/mary-ann/"
    assert "Mary Änn 🦉 is there and can be written to." in words(owner.open(where))
    agent = services.agents.load().agents["mary-ann"]
    assert agent.title == "🦉 Mary Änn 🦉, Owl"
    assert agent_folders.contents(root / "mary-ann") == {
        "IDENTITY.md": "# Mary Änn 🦉\n\n- **Name:** Mary Änn 🦉\n- **Role:** Owl\n"
        "- **Emoji:** 🦉\n".encode()
    }
    assert list_acts(services) == ["ana: agent created mary-ann: empty"]


def test_a_copy_of_one_that_is_there(owner: Visitor, services: Services, root: Path) -> None:
    owner.submit("/agents/new", name="Nora", role="", emoji="", start="own:finn", agent_id="Nora_2")
    before, after = agent_folders.contents(root / "finn"), agent_folders.contents(root / "Nora_2")
    assert set(after) == {"config.yml", "IDENTITY.md", "SOUL.md", "AGENTS.md"}
    assert after["config.yml"] == before["config.yml"]
    agent = services.agents.load().agents["Nora_2"]
    assert agent.title == "🏗️ Nora, Solutions Architect"
    assert "Origin:** Ireland" in agent.identity


def test_copies_of_the_shipped_ones(owner: Visitor, services: Services, tmp_path: Path) -> None:
    services.agents = AgentFolder(tmp_path / "new")
    page = words(owner.open("/agents/new"))
    for name in ("Finn", "Yukihiro", "Eric"):
        assert f"A copy of {name}" in page.replace("🏗️ ", "").replace("💻 ", "").replace("📋 ", "")
        owner.submit("/agents/new", name=f"{name} II", start=f"shipped:{name.lower()}")
    assert sorted(services.agents.load().agents) == ["eric-ii", "finn-ii", "yukihiro-ii"]
    assert all(agent.soul for agent in services.agents.load().agents.values())


def test_an_agent_may_be_called_new(owner: Visitor, services: Services, root: Path) -> None:
    owner.submit("/agents/new", name="New", start="")
    owner.submit("/agents/new", name="Recover", start="")
    assert "Remove this agent" in words(owner.open("/agents/new/"))
    assert "Remove this agent" in words(owner.open("/agents/recover/"))
    assert "Create" in words(owner.open("/agents/new"))


@pytest.mark.parametrize("htmx", [False, True])
def test_removing_asks_first_and_can_be_undone(
    owner: Visitor, services: Services, root: Path, htmx: bool
) -> None:
    with services.db.write() as connection:
        settings.save(connection, Settings(default_agent="finn"), services.now())
        allowlist.add(connection, Pattern("*"), None, "finn", services.now())
    before = agent_folders.contents(root)
    question = words(owner.open("/agents/finn/remove", htmx))
    assert "Remove Finn? The folder finn is moved" in question
    assert "It is the default agent" in question and "1 line of the allowlist" in question
    answer = owner.submit("/agents/finn/remove", htmx)
    where = answer.headers["HX-Redirect"] if htmx else answer.headers["Location"]
    assert where == "/agents/" and "finn" not in services.agents.load().agents
    page = owner.open(where)
    assert "Finn was removed." in words(page) and "Undo" in words(page)
    trashed = page.text.split('name="trashed" value="')[1].split('"')[0]
    back = owner.submit("/agents/recover", htmx, trashed=trashed)
    assert "finn is back." in words(back if htmx else owner.open("/agents/"))
    assert agent_folders.contents(root) == before
    assert list_acts(services) == ["ana: agent recovered finn", "ana: agent removed finn"]


def test_a_broken_one_can_be_removed(owner: Visitor, services: Services, root: Path) -> None:
    assert "Remove holt?" in words(owner.open("/agents/holt/remove"))
    owner.submit("/agents/holt/remove")
    assert services.agents.load().broken == ()


@pytest.mark.parametrize("trashed", ["", "finn", "../finn.20260101T000000", "x.20260101T000000"])
def test_what_is_not_in_the_trash_does_not_come_back(
    owner: Visitor, services: Services, root: Path, trashed: str
) -> None:
    before = agent_folders.contents(root)
    owner.submit("/agents/recover", trashed=trashed)
    assert "is not in the trash any more" in words(owner.open("/agents/"))
    assert agent_folders.contents(root) == before and list_acts(services) == []


def test_one_does_not_come_back_in_place_of_another(owner: Visitor, root: Path) -> None:
    owner.submit("/agents/finn/remove")
    trashed = next((root / ".trash").iterdir()).name
    owner.submit("/agents/new", name="Finn", start="")
    owner.submit("/agents/recover", trashed=trashed)
    assert "There is a folder “finn” already." in words(owner.open("/agents/"))
