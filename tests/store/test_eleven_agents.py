"""A folder from an installation of the original loads as it is."""

from pathlib import Path

import pytest

from core.agents.agent import Agent
from core.channel import Channel
from store.agents.agents import AgentFolder, Registry
from tests.support import agent_folders


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return AgentFolder(agent_folders.build(tmp_path / "agents")).load()


def test_ten_load_and_one_is_broken(registry: Registry) -> None:
    assert sorted(registry.agents) == agent_folders.USABLE and len(registry.agents) == 10
    [broken] = registry.broken
    assert broken.id == "holt"
    assert broken.problem.startswith("config.yml, line 4: ")


def test_who_they_are(registry: Registry) -> None:
    assert {name: agent.title for name, agent in registry.agents.items()} == {
        "chieko": "🧪 Chieko, Test Engineer",
        "eric": "Eric",
        "finn": "🏗️ Finn, Solutions Architect",
        "grace": "📝 Grace 📝, Executive Assistant",
        "jim": "Jim",
        "luke": "🎨 Luke, Designer",
        "shigeo": "Shigeo",
        "stas": "🚨 Stas, Site Reliability Engineer",
        "yang": "Yang, Developer Experience",
        "yukihiro": "💻 Yukihiro, Software Engineer",
    }


def test_unknown_keys_are_there_and_unknown_files_are_not(registry: Registry) -> None:
    finn = registry.agents["finn"]
    assert finn.config and finn.config["thinkingModel"] == "z-ai/glm-5"
    assert finn.config["pulse_blackouts"][0]["end_time"] == "07:00"
    assert "board" not in finn.identity + finn.soul + finn.instructions


def test_models(registry: Registry) -> None:
    models = {name: agent.model for name, agent in registry.agents.items()}
    assert {name for name, model in models.items() if model is None} == {
        *("chieko", "shigeo", "stas", "yang")
    }
    warned = {name: agent.warnings for name, agent in registry.agents.items() if agent.warnings}
    assert list(warned) == ["luke"]
    assert warned["luke"][0].startswith("model: Write a model as provider/name.")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("whatsapp: maybe", "config.yml: whatsapp must be true or false."),
        ("whatsapp: no", "config.yml: whatsapp must be true or false."),
        ("fallback_model: [a]", "config.yml: fallback_model must be a text such as openai/gpt-4o."),
        ("key: one\nkey: s3cret", "config.yml, line 3: found duplicate key"),
    ],
)
def test_problems(tmp_path: Path, line: str, problem: str) -> None:
    file = agent_folders.build(tmp_path) / "finn/config.yml"
    file.write_text(f"model: custom/small\n{line}\n")
    said = {broken.id: broken.problem for broken in AgentFolder(tmp_path).load().broken}
    assert said["finn"].startswith(problem)
    assert "s3cret" not in said["finn"]


def test_switched_off_for_whatsapp(tmp_path: Path) -> None:
    file = agent_folders.build(tmp_path) / "finn/config.yml"
    file.write_text(agent_folders.FINN + "whatsapp: false\n")
    registry = AgentFolder(tmp_path).load()
    assert not registry.agents["finn"].is_on_whatsapp
    assert registry.restrict_to(Channel.PANEL) is registry
    there = registry.restrict_to(Channel.WHATSAPP)
    assert "finn" not in there.agents and there.hidden == {"finn"}
    assert len(there.agents) == 9 and there.broken == registry.broken


def test_an_agent_is_reachable_unless_told_otherwise() -> None:
    registry = Registry({"finn": Agent("finn", "Finn")})
    assert registry.restrict_to(Channel.WHATSAPP) is registry
