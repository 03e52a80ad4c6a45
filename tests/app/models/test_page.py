"""What the models page shows of providers, and of who uses what."""

import pytest

from app.web.ext import Services
from tests.app.visitor import Visitor, words


def test_a_fresh_installation(owner: Visitor) -> None:
    said = words(owner.open("/models/"))
    for part in ("Providers", "No key", "Default model", "Demo (no AI)", "No favorites yet"):
        assert part in said
    assert "🏗️ Finn" in said and "Prices are for a million tokens" in said


def test_who_uses_what_and_what_cant_be_used(
    owner: Visitor, services: Services, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "agents"
    for name, config in {
        "ann": "model: openai/gpt-4o\nfallback_model: custom/x\n",
        "bob": "",
        "cyd": "model: not a model\n",
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "config.yml").write_text(config)
    monkeypatch.setattr(services.agents, "path", folder)
    said = words(owner.open("/models/")).split("Who uses what")[1].split("Models to pick")[0]
    assert "Ann openai/gpt-4o There is no key for openai yet." in said
    assert "custom/x There is no server for custom models yet." in said
    assert "Bob demo/echo Demo (no AI) (the default)" in said
    assert "Cyd not a model Write a model as provider/name." in said


def test_what_there_is_a_key_for_comes_first(owner: Visitor) -> None:
    owner.submit("/models/keys/mistral", **{"mistral-key": "a-key-of-the-owner"})
    rows = words(owner.open("/models/", htmx=True)).split("Actions")[1]
    assert rows.strip().startswith("mistral/")


def test_searching_the_list(owner: Visitor) -> None:
    for htmx in (False, True):
        said = words(owner.open("/models/?q=SONNET+4-6", htmx))
        assert "anthropic/claude-sonnet-4-6 $3 read, $15 written 1,000,000 tokens" in said
    assert "more. Search to see them." in words(owner.open("/models/", htmx=True))
    assert "Nothing found" in words(owner.open("/models/?q=<b>nothing", htmx=True))
    assert "<b>nothing" not in owner.open("/models/?q=<b>nothing").text
