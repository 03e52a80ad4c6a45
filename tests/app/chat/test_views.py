"""The dashboard chat, with and without scripts. The tests play the jobs."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from app.chat.views import PATIENCE
from app.web.ext import Services
from core.models.failure import Failure
from core.settings import Settings
from store import settings
from store.account import audit
from store.agents import favourites
from store.agents.agents import AgentFolder
from store.chats import chats, contexts, messages, people, turns
from store.chats.turns import Answer, TurnKind
from store.pages import transcripts
from store.pages.panel_chats import LISTED
from store.pages.transcripts import PAGE, OpenEnd
from store.redis.live import Live
from store.redis.queue import Turns
from store.sql import tables
from tests.app.conftest import Beats
from tests.app.visitor import Visitor, tag, words


class Jobs:
    """Answers as the jobs do, when told to."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def begins(self, chat_id: int, model: str = "custom/small") -> int:
        """A turn over all that waits in this chat."""
        with self.services.db.write() as connection:
            waiting = messages.list_waiting(connection, chat_id)
            return turns.begin(
                connection,
                chat_id,
                [message.id for message in waiting],
                self.services.now(),
                kind=TurnKind.AGENT,
                request="\n".join(message.text for message in waiting),
                agent="finn",
                model=model,
            )

    def ends(self, chat_id: int, turn_id: int, reply: str, **facts: Any) -> None:
        with self.services.db.write() as connection:
            chat = chats.get(connection, chat_id)
            assert chat
            answer = Answer(texts=["for WhatsApp"], reply=reply, **facts)
            assert turns.finish(connection, turn_id, chat, answer, self.services.now())

    def answers(self, chat_id: int, reply: str, **facts: Any) -> int:
        turn_id = self.begins(chat_id)
        self.ends(chat_id, turn_id, reply, **facts)
        return turn_id


@pytest.fixture
def jobs(services: Services) -> Jobs:
    return Jobs(services)


@pytest.fixture
def chat_id(owner: Visitor, services: Services) -> int:
    """A chat with Finn in which the owner has said hello."""
    return begin(owner, services, "Hello Finn")


def begin(owner: Visitor, services: Services, text: str, agent: str = "finn") -> int:
    answer = owner.submit("/chat/", agent=agent, text=text)
    assert answer.status_code == 303
    found = re.fullmatch(r"/chat/(\d+)#now", answer.location)
    assert found
    return int(found[1])


def rows(services: Services, table: Any) -> Sequence[Any]:
    with services.db.read() as connection:
        return connection.execute(select(table).order_by(table.c.id)).mappings().all()


def open_end(services: Services, chat_id: int) -> OpenEnd:
    with services.db.read() as connection:
        chat = chats.get_in_panel(connection, chat_id)
        assert chat
        return transcripts.read_open_end(connection, chat)


def poll_address(page: str) -> str | None:
    found = re.search(r'id="now"[^>]* hx-get="([^"]+)"', page)
    return found[1].replace("&amp;", "&") if found else None


def versions(page: str) -> str:
    """The pieces that the page has, as it tells of them when it asks for what is new."""
    return "".join(f"&v={piece}" for piece in re.findall(r'name="v" value="([^"]+)"', page))


# ---- beginning and writing -------------------------------------------------------------------


def test_a_new_chat_waits_for_the_jobs(owner: Visitor, services: Services, redis: Redis) -> None:
    chat_id = begin(owner, services, "  Hello\r\nFinn  ")
    [message] = rows(services, tables.messages)
    assert (message["text"], message["state"]) == ("Hello\nFinn", "waiting")
    assert (message["account"], message["chat"]) == ("panel", f"panel:{chat_id}")
    assert message["push_name"] == "ana" and message["read_at"]
    [chat] = rows(services, tables.chats)
    assert (chat["channel"], chat["person_id"], chat["agent"]) == ("panel", None, "finn")
    [job] = Turns(redis).queue.jobs
    assert list(job.args) == [chat_id]
    with services.db.read() as connection:
        [act] = audit.list_acts(connection)
    assert (act.actor, act.action, act.detail) == ("ana", "chat begun", "with finn")


def test_the_agent_in_the_address_is_preselected(owner: Visitor, services: Services) -> None:
    def chosen(path: str) -> str:
        found = re.search(r'<option selected value="([^"]+)"', owner.open(path).text)
        return found[1] if found else ""

    assert chosen("/chat/?agent=yukihiro") == "yukihiro"
    with services.db.write() as connection:
        settings.save(connection, Settings(default_agent="finn"), services.now())
    assert chosen("/chat/") == chosen("/chat/?agent=nobody") == "finn"


@pytest.mark.parametrize(
    ("agent", "text", "sentence"),
    [
        ("finn", " \n ", "Write something first."),
        ("finn", "x" * 20_001, "That is too long: at most 20,000 characters."),
        ("nobody", "kept", "There is no such agent any more."),
    ],
)
def test_a_chat_that_cant_begin_is_not_there(
    owner: Visitor, services: Services, agent: str, text: str, sentence: str
) -> None:
    answer = owner.submit("/chat/", agent=agent, text=text)
    assert answer.status_code == 422 and sentence in words(answer)
    assert text.strip() in answer.text
    assert rows(services, tables.chats) == []


def test_without_agents_the_page_says_so(owner: Visitor, services: Services, tmp_path) -> None:
    services.agents = AgentFolder(tmp_path)
    assert "There are no agents yet" in words(owner.open("/chat/"))


@pytest.mark.parametrize("htmx", [False, True])
def test_what_is_written_waits(
    owner: Visitor, services: Services, chat_id: int, htmx: bool
) -> None:
    answer = owner.submit(f"/chat/{chat_id}", htmx, text="And this?")
    assert answer.status_code == (200 if htmx else 303)
    assert [each.text for each in open_end(services, chat_id).unanswered] == [
        "Hello Finn",
        "And this?",
    ]
    shown = answer if htmx else owner.open(f"/chat/{chat_id}")
    assert "And this?" in words(shown) and poll_address(shown.text)


@pytest.mark.parametrize(
    ("asked", "following"), [("", 1), ("?look=1", 2), ("?look=41", 42), ("?look=x", 1)]
)
def test_without_scripts_each_look_has_an_address_of_its_own(
    owner: Visitor, chat_id: int, asked: str, following: int
) -> None:
    """To the same one a browser would only scroll."""
    page = owner.open(f"/chat/{chat_id}{asked}")
    assert page.status_code == 200
    assert f'href="/chat/{chat_id}?look={following}#now"' in page.text


@pytest.mark.parametrize("htmx", [False, True])
def test_nothing_can_t_be_sent(
    owner: Visitor, services: Services, chat_id: int, htmx: bool
) -> None:
    answer = owner.submit(f"/chat/{chat_id}", htmx, text="  ")
    assert answer.status_code == 422 and "Write something first." in words(answer)
    assert 'aria-invalid="true"' in tag(answer, "text")
    assert len(rows(services, tables.messages)) == 1


def test_when_redis_is_away_the_message_is_kept(
    owner: Visitor, services: Services, chat_id: int, redis_away: None
) -> None:
    assert owner.submit(f"/chat/{chat_id}", text="Still here").status_code == 303
    assert open_end(services, chat_id).waiting == 2


@pytest.mark.parametrize("path", ["/chat/99", "/chat/99/now", "/chat/1"])
def test_other_chats_are_not_shown_here(owner: Visitor, services: Services, path: str) -> None:
    with services.db.write() as connection:
        person = people.identify(connection, None, "1@lid", "Dave", services.now())
        chats.enter(connection, person.id, "1@lid", services.now())
    assert owner.open(path, htmx=True).status_code == 404
    assert owner.submit("/chat/1", text="x").status_code == 404


# ---- the answer ------------------------------------------------------------------------------


def test_the_answer_grows_and_then_stands_there(
    owner: Visitor, services: Services, jobs: Jobs, live: Live, chat_id: int
) -> None:
    page = owner.open(f"/chat/{chat_id}")
    assert "Waiting …" in words(page)
    turn_id = jobs.begins(chat_id)
    shown = owner.open(poll_address(page.text) or "", htmx=True)
    assert "Finn is writing …" in words(shown)
    assert owner.open(poll_address(shown.text) or "", htmx=True).status_code == 204
    live.write_partial(turn_id, "Hello **An")
    shown = owner.open(poll_address(shown.text) or "", htmx=True)
    assert "Hello **An" in words(shown)
    assert "Hello **An" in words(owner.open(f"/chat/{chat_id}")), "a reload shows it too"
    jobs.ends(
        chat_id,
        turn_id,
        "Hello **Ana**",
        model="custom/large",
        input_tokens=1200,
        output_tokens=40,
        cost_usd=Decimal("0.0123"),
    )
    done = owner.open(poll_address(shown.text) or "", htmx=True)
    assert "Hello <strong>Ana</strong>" in done.text
    assert "Finn custom/large 1,200 tokens in, 40 out $0.0123" in words(done)
    assert poll_address(done.text) is None, "the polling is over"
    assert 'hx-swap-oob="beforeend:#talk"' in done.text
    assert 'hx-swap-oob="true"' in tag(done, "responder")


def test_what_is_finished_comes_once(
    owner: Visitor, services: Services, jobs: Jobs, chat_id: int
) -> None:
    first = jobs.answers(chat_id, "one")
    shown = owner.submit(f"/chat/{chat_id}", True, text="next")
    assert shown.text.count(f'id="turn-{first}"') == 1
    second = jobs.answers(chat_id, "two")
    done = owner.open((poll_address(shown.text) or "") + versions(shown.text), htmx=True)
    assert f'id="turn-{first}"' not in done.text and f'id="turn-{second}"' in done.text


def test_what_is_written_meanwhile_is_shown_behind_the_turn_at_work(
    owner: Visitor, jobs: Jobs, chat_id: int
) -> None:
    jobs.begins(chat_id)
    said = words(owner.submit(f"/chat/{chat_id}", True, text="One more thing"))
    assert said.index("Hello Finn") < said.index("is writing") < said.index("One more thing")


def test_a_turn_that_lost_its_process_waits_again(
    owner: Visitor, services: Services, jobs: Jobs, chat_id: int
) -> None:
    jobs.begins(chat_id)
    with services.db.write() as connection:
        turns.interrupt(connection, chat_id, services.now())
    page = owner.open(f"/chat/{chat_id}")
    assert "Waiting …" in words(page) and poll_address(page.text)
    assert len(re.findall('<span class="visually-hidden">You: ', page.text)) == 1


def test_markdown_can_do_no_harm(owner: Visitor, jobs: Jobs, chat_id: int) -> None:
    jobs.answers(chat_id, "<script>alert(1)</script> [x](javascript:alert(1)) ![p](http://b.c/p)")
    page = owner.open(f"/chat/{chat_id}").text
    assert "<script>alert" not in page and 'href="javascript' not in page
    assert '<img src="http' not in page and 'href="http://b.c/p"' in page


def test_what_the_owner_wrote_is_text(owner: Visitor, services: Services, jobs: Jobs) -> None:
    chat_id = begin(owner, services, "<b>**me**</b>")
    jobs.answers(chat_id, "yes")
    assert "&lt;b&gt;**me**&lt;/b&gt;</p>" in owner.open(f"/chat/{chat_id}").text


def test_a_failure_tells_the_owner_why(owner: Visitor, jobs: Jobs, chat_id: int) -> None:
    failure = Failure.AUTH
    jobs.answers(
        chat_id, failure.sentence, error_code=failure, error_detail="custom/small: 401: bad <key>"
    )
    said = words(owner.open(f"/chat/{chat_id}"))
    assert failure.sentence in said and failure.for_owner in said
    assert "custom/small: 401: bad <key>" in said


def test_a_failure_of_another_version_is_shown_too(
    owner: Visitor, jobs: Jobs, chat_id: int
) -> None:
    jobs.answers(chat_id, "Something.", error_code="unheard_of")
    assert "Something." in words(owner.open(f"/chat/{chat_id}"))


def test_nothing_of_it_goes_to_whatsapp(
    owner: Visitor, services: Services, jobs: Jobs, chat_id: int
) -> None:
    jobs.answers(chat_id, "for the panel")
    assert rows(services, tables.outbox) == []


@pytest.mark.parametrize(
    ("alive", "sentence"), [(False, "jobs process is not running"), (True, "")]
)
def test_why_nothing_happens(
    owner: Visitor, services: Services, beats: Beats, chat_id: int, alive: bool, sentence: str
) -> None:
    if alive:
        beats()
    assert "is not running" not in words(owner.open(f"/chat/{chat_id}"))
    wait(services)
    said = words(owner.open(f"/chat/{chat_id}"))
    assert (sentence in said) and ("Waiting …" in said) == alive


def wait(services: Services) -> None:
    later = services.now() + 2 * PATIENCE
    services.now = lambda: later


def test_when_redis_is_away_the_page_says_so(
    owner: Visitor, services: Services, chat_id: int, redis_away: None
) -> None:
    wait(services)
    assert "Redis does not answer" in words(owner.open(f"/chat/{chat_id}"))


def test_without_scripts_the_fragment_is_the_page(owner: Visitor, chat_id: int) -> None:
    assert owner.open(f"/chat/{chat_id}/now").location == f"/chat/{chat_id}#now"


# ---- many of them ----------------------------------------------------------------------------


def test_the_latest_chat_is_the_first_in_the_list(
    owner: Visitor, services: Services, chat_id: int
) -> None:
    begin(owner, services, "A rather long beginning of a chat, which nobody wants to read whole")
    said = words(owner.open("/chat/"))
    assert said.index("A rather long beginning of a chat, which nobody wants to re…") < said.index(
        "Hello Finn"
    )
    owner.submit(f"/chat/{chat_id}", text="again")
    said = words(owner.open("/chat/"))
    assert said.index("Hello Finn") < said.index("A rather long beginning")


def test_more_chats_than_a_list_has(owner: Visitor, services: Services) -> None:
    with services.db.write() as connection:
        for number in range(LISTED + 1):
            chat = chats.begin_in_panel(connection, "finn", services.now())
            messages.write_in_panel(connection, chat, f"number {number}.", "ana", services.now())
    few, everything = owner.open("/chat/"), owner.open("/chat/?all=1")
    assert "number 0." not in words(few) and "Show all chats" in words(few)
    assert "number 0." in words(everything) and "Show all chats" not in words(everything)


def test_a_long_chat_is_shown_in_pages(owner: Visitor, services: Services, jobs: Jobs) -> None:
    chat_id = begin(owner, services, "message 0.")
    jobs.answers(chat_id, "answer 0.")
    for number in range(1, PAGE + 1):
        owner.submit(f"/chat/{chat_id}", text=f"message {number}.")
        jobs.answers(chat_id, f"answer {number}.")
    latest = owner.open(f"/chat/{chat_id}")
    assert "answer 0." not in words(latest) and f"answer {PAGE}." in words(latest)
    link = re.search(r'href="(/chat/\d+\?before=[\d.]+)"', latest.text)
    assert link
    earlier = owner.open(link[1])
    assert "answer 0." in words(earlier) and "answer 1." not in words(earlier)
    assert "Back to the latest messages" in words(earlier) and 'id="say"' not in earlier.text


# ---- the model -------------------------------------------------------------------------------


def chosen(services: Services, chat_id: int) -> str | None:
    with services.db.read() as connection:
        return contexts.find_chosen_model(connection, chat_id, "finn")


@pytest.mark.parametrize("htmx", [False, True])
def test_choosing_a_model_and_going_back(
    owner: Visitor, services: Services, chat_id: int, htmx: bool
) -> None:
    answer = owner.submit(f"/chat/{chat_id}/model", htmx, model=" Ollama:llama4 ")
    assert answer.status_code == (200 if htmx else 303)
    assert chosen(services, chat_id) == "ollama/llama4"
    shown = answer if htmx else owner.open(f"/chat/{chat_id}")
    assert "ollama/llama4" in words(shown)
    assert "The next answer comes from ollama/llama4." in words(shown)
    assert "hx-swap-oob" not in tag(shown, "responder")
    owner.submit(f"/chat/{chat_id}/model", htmx, model="")
    assert chosen(services, chat_id) is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("gpt-4o", "Write a model as provider/name."),
        ("openai/gpt-4o", "There is no key for openai yet."),
        ("x" * 300, "At most 200 characters."),
    ],
)
@pytest.mark.parametrize("htmx", [False, True])
def test_a_model_that_cant_be_used_changes_nothing(
    owner: Visitor, services: Services, chat_id: int, typed: str, sentence: str, htmx: bool
) -> None:
    answer = owner.submit(f"/chat/{chat_id}/model", htmx, model=typed)
    assert answer.status_code == 422 and sentence in words(answer)
    assert f'value="{typed}"' in tag(answer, "model")
    assert chosen(services, chat_id) is None


def test_favourites_are_offered(owner: Visitor, services: Services, chat_id: int) -> None:
    with services.db.write() as connection:
        favourites.save(connection, ["ollama/llama4"])
    assert '<option value="ollama/llama4">' in owner.open(f"/chat/{chat_id}").text


def test_an_agent_that_is_gone_is_named(
    owner: Visitor, services: Services, chat_id: int, tmp_path
) -> None:
    services.agents = AgentFolder(tmp_path)
    said = words(owner.open(f"/chat/{chat_id}"))
    assert "Nobody answers here" in said and "folder any more: finn" in said
    assert owner.submit(f"/chat/{chat_id}/model", model="").status_code == 422


def test_a_model_that_cant_be_asked_is_told_beforehand(
    owner: Visitor, services: Services, chat_id: int, tmp_path
) -> None:
    (tmp_path / "finn").mkdir()
    (tmp_path / "finn" / "SOUL.md").write_text("Dry.")
    services.agents = AgentFolder(tmp_path)
    with services.db.write() as connection:
        settings.save(connection, Settings(default_model="openai/gpt-4o"), services.now())
    said = words(owner.open(f"/chat/{chat_id}"))
    assert "openai/gpt-4o There is no key for openai yet." in said
