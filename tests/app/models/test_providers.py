"""Providers' keys and trials of models in the panel."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from rq.job import Job, JobStatus
from rq.results import Result
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app.models.providers import PATIENCE
from app.web.ext import Services
from core.models.credentials import KEY_HOLDERS
from store.agents import favourites, provider_keys
from store.redis.model_tests import ModelTests
from store.sql import tables
from tests.app.acts import list_acts
from tests.app.conftest import Beats
from tests.app.visitor import Visitor, tag, words

both_ways = pytest.mark.parametrize("htmx", [False, True])
KEY = "sk-the-secret-key-of-the-owner"


def keys(services: Services) -> dict[str, str]:
    with services.db.read() as connection:
        return dict(provider_keys.read_access(connection, services.config).keys)


def enter(visitor: Visitor, name: str, key: str, htmx: bool = False):
    return visitor.submit(f"/models/keys/{name}", htmx, **{f"{name}-key": key})


def told(visitor: Visitor, name: str) -> str:
    """The row of one provider."""
    return words(visitor.open(f"/models/keys/{name}/row", htmx=True))


@both_ways
def test_a_key_is_entered_and_never_shown(
    owner: Visitor, services: Services, htmx: bool, caplog: pytest.LogCaptureFixture
) -> None:
    form = owner.open("/models/keys/openai", htmx)
    assert 'type="password"' in tag(form, "openai-key") and "platform.openai.com" in words(form)
    answer = enter(owner, "openai", f" {KEY}\n", htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert keys(services) == {"openai": KEY}
    assert list_acts(services) == ["ana: provider key entered openai"]
    pages = [answer, owner.open("/models/"), owner.open("/models/keys/openai", htmx)]
    assert "Key set" in words(pages[1]) and "used from the next message on" in words(
        answer if htmx else pages[1]
    )
    pages += [owner.open("/models/keys/openai/remove", htmx), owner.open("/")]
    assert not any(KEY in page.text or KEY[3:] in page.text for page in pages)
    with services.db.read() as connection:
        stored = str(connection.execute(select(tables.provider_keys)).all())
    assert KEY not in stored + caplog.text + "".join(list_acts(services))


@both_ways
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the key."),
        ("two words", "A key has only letters, digits and signs"),
        ("“quoted”", "A key has only letters"),
        ("x" * 1001, "too long for a key"),
    ],
)
def test_what_is_no_key_is_told_and_the_old_one_stays(
    owner: Visitor, services: Services, typed: str, sentence: str, htmx: bool
) -> None:
    enter(owner, "openai", KEY)
    answer = enter(owner, "openai", typed, htmx)
    assert answer.status_code == 422 and sentence in words(answer)
    assert 'aria-invalid="true"' in tag(answer, "openai-key")
    assert not typed or typed not in answer.text
    assert keys(services) == {"openai": KEY}
    if htmx:
        assert answer.headers["HX-Retarget"] == "#provider-openai"


@pytest.mark.parametrize("name", KEY_HOLDERS)
def test_every_provider_with_keys_has_its_form(
    owner: Visitor, services: Services, name: str
) -> None:
    assert owner.open(f"/models/keys/{name}").status_code == 200
    assert enter(owner, name, KEY).status_code == 303
    assert keys(services) == {name: KEY}


@pytest.mark.parametrize("name", ["ollama", "demo", "nobody"])
def test_others_have_none(owner: Visitor, name: str) -> None:
    for path in ("", "/row", "/remove"):
        assert owner.open(f"/models/keys/{name}{path}").status_code == 404
    assert enter(owner, name, KEY).status_code == 404


@both_ways
def test_removing_asks_first(owner: Visitor, services: Services, htmx: bool) -> None:
    enter(owner, "groq", KEY)
    question = words(owner.open("/models/keys/groq/remove", htmx))
    assert "Remove the key of Groq?" in question and "none of its models answers" in question
    assert keys(services) == {"groq": KEY}
    answer = owner.submit("/models/keys/groq/remove", htmx)
    assert answer.status_code == (200 if htmx else 303) and keys(services) == {}
    owner.submit("/models/keys/groq/remove", htmx)
    assert list_acts(services).count("ana: provider key removed groq") == 1
    assert "No key" in told(owner, "groq")


def test_where_a_key_comes_from_is_told(owner: Visitor, services: Services) -> None:
    update = {"groq_api_key": SecretStr("gsk_env"), "openai_api_key": SecretStr("sk-env-key")}
    services.config = services.config.model_copy(update=update)
    assert "Key from the environment, GROQ_API_KEY" in told(owner, "groq")
    enter(owner, "openai", KEY)
    assert "in place of OPENAI_API_KEY" in told(owner, "openai")
    question = words(owner.open("/models/keys/openai/remove"))
    assert "OPENAI_API_KEY of the environment is used instead" in question
    assert "Listens at http://127.0.0.1:11434/v1" in words(owner.open("/models/"))
    assert "Set CUSTOM_LLM_BASE_URL and restart" in told(owner, "custom")


def test_a_key_of_another_secret_wants_to_be_entered_again(
    owner: Visitor, services: Services
) -> None:
    enter(owner, "openai", KEY)
    other = {"secret_key": SecretStr("quite another secret of this place")}
    services.config = services.config.model_copy(update=other)
    assert "can't be read any more" in told(owner, "openai")
    with services.db.write() as connection:
        favourites.save(connection, ["openai/gpt-4o"])
    assert "The key for openai can't be read any more" in words(owner.open("/models/"))
    enter(owner, "openai", KEY)
    assert "Key set" in told(owner, "openai") and keys(services) == {"openai": KEY}


# Model tests


def ask(visitor: Visitor, htmx: bool = True, model: str = "openai/gpt-4o-mini"):
    return visitor.submit("/models/trials", htmx, model=model, slot="openai")


@pytest.fixture
def trials(services: Services) -> ModelTests:
    return ModelTests(services.live.redis)


def only_job(trials: ModelTests) -> Job:
    [job_id] = trials._queue.get_job_ids()
    return Job.fetch(job_id, connection=trials._redis, serializer=JSONSerializer)


def end(job: Job, **outcome: object) -> None:
    """As a jobs process does it."""
    value = {"is_good": True, "said": "OK", "code": None, "seconds": 0.8, **outcome}
    job.set_status(JobStatus.FINISHED)
    Result.create(job, Result.Type.SUCCESSFUL, ttl=60, return_value=value)


@both_ways
def test_a_trial_from_asking_to_the_answer(
    owner: Visitor, services: Services, beats: Beats, trials: ModelTests, htmx: bool
) -> None:
    beats()
    answer = ask(owner, htmx)
    job = only_job(trials)
    look = f"/models/trials/{job.id}?slot=openai"
    if htmx:
        assert f'hx-get="{look}"' in answer.text and 'hx-trigger="every 1s"' in answer.text
    else:
        assert answer.status_code == 303 and answer.location == look.split("?")[0]
        assert 'http-equiv="refresh"' in owner.open(answer.location).text
    job.set_status(JobStatus.STARTED)
    assert "Asking openai/gpt-4o-mini …" in words(owner.open(look, htmx))
    end(job)
    answer = owner.open(look, htmx)
    assert "openai/gpt-4o-mini answered after 0.8 s: OK" in words(answer)
    assert "every 1s" not in answer.text and "refresh" not in answer.text
    assert list_acts(services) == ["ana: model tried openai/gpt-4o-mini"]


@both_ways
def test_a_refusal_in_the_providers_words_and_ours(
    owner: Visitor, beats: Beats, trials: ModelTests, htmx: bool
) -> None:
    beats()
    ask(owner)
    job = only_job(trials)
    end(job, is_good=False, said="401: <b>Incorrect</b> API key", code="auth")
    answer = owner.open(f"/models/trials/{job.id}", htmx)
    assert "did not answer. The provider does not accept the key." in words(answer)
    assert "&lt;b&gt;Incorrect" in answer.text


@both_ways
def test_nobody_is_asked_when_nobody_is_there(
    owner: Visitor, trials: ModelTests, htmx: bool
) -> None:
    assert "No jobs process is running" in words(ask(owner, htmx))
    assert not trials._queue.get_job_ids()


def test_nobody_takes_it(
    owner: Visitor, beats: Beats, trials: ModelTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats()
    ask(owner)
    job = only_job(trials)
    path = f"/models/trials/{job.id}?slot=openai"
    assert "Asking" in words(owner.open(path, htmx=True))
    job.enqueued_at = datetime.now(UTC) - PATIENCE - timedelta(seconds=1)
    job.save()
    assert "No jobs process is running, or all are busy" in words(owner.open(path, htmx=True))
    assert not trials._queue.get_job_ids(), "nobody need ask any more"
    assert "is forgotten" in words(owner.open(path, htmx=True))


@pytest.mark.usefixtures("redis_away")
def test_redis_is_away(owner: Visitor) -> None:
    assert "Redis does not answer" in words(ask(owner))
    assert "Redis does not answer" in words(owner.open("/models/trials/x", htmx=True))


@both_ways
def test_what_cant_be_tried(owner: Visitor, beats: Beats, trials: ModelTests, htmx: bool) -> None:
    beats()
    answer = ask(owner, htmx, model="nonsense")
    assert answer.status_code == 422 and "Write a model as provider/name." in words(answer)
    assert not trials._queue.get_job_ids()


def test_a_process_that_died_over_it(owner: Visitor, beats: Beats, trials: ModelTests) -> None:
    beats()
    ask(owner)
    job = only_job(trials)
    job.set_status(JobStatus.FAILED)
    said = words(owner.open(f"/models/trials/{job.id}", htmx=True))
    assert "The process that was asking ended meanwhile." in said


def test_a_slot_is_a_word(owner: Visitor) -> None:
    answer = owner.open('/models/trials/x?slot="><script>', htmx=True)
    assert 'id="trial-here"' in answer.text and "<script" not in answer.text


def test_a_model_in_use_is_what_shows_whether_a_provider_works(
    owner: Visitor, services: Services
) -> None:
    enter(owner, "openai", KEY)
    assert 'value="openai/gpt-4o-mini"' in owner.open("/models/keys/openai/row", htmx=True).text
    with services.db.write() as connection:
        favourites.save(connection, ["openai/mine"])
    assert 'value="openai/mine"' in owner.open("/models/keys/openai/row", htmx=True).text
    assert "Test" not in told(owner, "groq")
