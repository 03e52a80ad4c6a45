"""The models page: default, favourites, who uses what, the list; with and without scripts."""

import pytest

from app.models.views import MOST
from app.web.ext import Services
from core.settings import Settings
from store import settings
from store.agents import favourites
from tests.app.acts import list_acts
from tests.app.visitor import Visitor, tag, words

both_ways = pytest.mark.parametrize("htmx", [False, True])


def favoured(services: Services) -> list[str]:
    with services.db.read() as connection:
        return list(favourites.load(connection))


def favour(services: Services, *names: str) -> None:
    with services.db.write() as connection:
        favourites.save(connection, names)


def current(services: Services) -> Settings:
    with services.db.read() as connection:
        return settings.load(connection)


@both_ways
@pytest.mark.parametrize(
    ("typed", "kept"), [("openai:gpt-4o", "openai/gpt-4o"), (" Google/x ", "google/x"), ("", None)]
)
def test_the_default_model(
    owner: Visitor, services: Services, typed: str, kept: str | None, htmx: bool
) -> None:
    with services.db.write() as connection:
        settings.save(connection, Settings(sticky_minutes=77), services.now())
    answer = owner.submit("/models/default", htmx, model=typed)
    assert answer.status_code == (200 if htmx else 303)
    saved = current(services)
    assert (saved.default_model, saved.sticky_minutes, saved.version) == (kept, 77, 2)
    assert list_acts(services)[0] == f"ana: settings saved default_model: None → {kept}"
    page = answer if htmx else owner.open("/models/")
    assert f"use {kept or 'demo/echo'} from now on" in words(page)


@both_ways
def test_what_names_no_model_is_told_beside_it(
    owner: Visitor, services: Services, htmx: bool
) -> None:
    answer = owner.submit("/models/default", htmx, model="gpt-4o")
    assert answer.status_code == 422 and "Write a model as provider/name." in words(answer)
    assert 'aria-invalid="true"' in tag(answer, "default-model")
    assert 'value="gpt-4o"' in tag(answer, "default-model")
    assert current(services).default_model is None and not list_acts(services)


def test_the_whatsapp_settings_leave_the_default_alone(owner: Visitor, services: Services) -> None:
    owner.submit("/models/default", model="openai/gpt-4o")
    fields = {"version": "1", "sticky_minutes": "40", "ack": "", "gather_ms": "0.6"}
    assert owner.submit("/whatsapp/settings", default_agent="finn", **fields).status_code < 400
    assert current(services).default_model == "openai/gpt-4o"


@both_ways
def test_adding_favourites(owner: Visitor, services: Services, htmx: bool) -> None:
    for typed in ("openai:gpt-4o", "groq/llama", "openai/gpt-4o"):
        answer = owner.submit("/models/favourites", htmx, model=typed)
        assert answer.status_code == (200 if htmx else 303)
    assert favoured(services) == ["openai/gpt-4o", "groq/llama"]
    assert list_acts(services) == [
        "ana: favorite added groq/llama",
        "ana: favorite added openai/gpt-4o",
    ]
    assert "There is no key for groq yet." in words(owner.open("/models/"))


@both_ways
def test_what_is_no_model_is_no_favourite(owner: Visitor, services: Services, htmx: bool) -> None:
    answer = owner.submit("/models/favourites", htmx, model="gpt-4o")
    assert answer.status_code == 422 and "provider/name" in words(answer)
    assert 'aria-invalid="true"' in tag(answer, "favourite-model")
    assert not favoured(services)


def test_enough_is_enough(owner: Visitor, services: Services) -> None:
    names = [f"openai/model-{number}" for number in range(MOST)]
    favour(services, *names)
    answer = owner.submit("/models/favourites", model="openai/one-more")
    assert answer.status_code == 422 and "remove one first" in words(answer)
    assert favoured(services) == names
    assert owner.submit("/models/favourites", model=names[0]).status_code == 303


@both_ways
def test_moving_favourites(owner: Visitor, services: Services, htmx: bool) -> None:
    favour(services, "openai/a", "openai/b", "openai/c")
    moves = [("openai/c", "up", "acb"), ("openai/c", "up", "cab"), ("openai/c", "up", "cab")]
    moves += [("openai/a", "down", "cba"), ("openai/a", "down", "cba"), ("openai/x", "up", "cba")]
    for name, way, order in moves:
        answer = owner.submit("/models/favourites/move", htmx, model=name, way=way)
        assert answer.status_code == (200 if htmx else 303)
        assert favoured(services) == [f"openai/{letter}" for letter in order]
    assert len(list_acts(services)) == 3
    if htmx:
        answer = owner.submit("/models/favourites/move", htmx, model="openai/a", way="up")
        assert "move-up-2" in answer.headers["HX-Trigger-After-Settle"]


@both_ways
def test_removing_can_be_undone(owner: Visitor, services: Services, htmx: bool) -> None:
    favour(services, "openai/a", "openai/b", "openai/c")
    answer = owner.submit("/models/favourites/remove", htmx, model="openai/b")
    assert favoured(services) == ["openai/a", "openai/c"]
    page = answer if htmx else owner.open("/models/")
    assert "openai/b is no favorite any more." in words(page) and "Undo" in words(page)
    owner.submit("/models/favourites/restore", htmx, model="openai/b", place="1")
    owner.submit("/models/favourites/restore", htmx, model="openai/b", place="0")
    assert favoured(services) == ["openai/a", "openai/b", "openai/c"]
    owner.submit("/models/favourites/remove", htmx, model="openai/gone")
    owner.submit("/models/favourites/restore", htmx, model="nonsense", place="²")
    assert favoured(services) == ["openai/a", "openai/b", "openai/c"]
