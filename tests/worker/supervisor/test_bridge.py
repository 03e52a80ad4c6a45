"""What follows from what: requests, what the connection process says, and what it fails to say."""

import threading
from dataclasses import asdict
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from config import Config
from core.link import FIRST_QR, SESSION_ENDS, STOPPING_ENDS, End, Phase
from core.messages.message import Inbound, Kind, Place
from core.phone import Phone
from core.states import MessageState, PieceState
from store import link as link_store
from store.chats import messages, outbox
from store.redis.live import Heartbeat
from store.sql import tables
from store.sql.engine import Database
from tests.waiting import PATIENCE
from tests.worker.supervisor.bridge_harness import DEVICE, NUMBER, BridgeHarness, is_offline
from tests.worker.world import START
from worker.ipc import Report
from worker.supervisor import bridge as module
from worker.supervisor.session import Session

OTHER = Phone("+15550002000")


@pytest.fixture
def tower(database: Database, config: Config) -> BridgeHarness:
    return BridgeHarness(database, Session(config))


# The beginning ----------------------------------------------------------------------------------


def test_without_an_account_nothing_is_started(tower: BridgeHarness):
    tower.begun()
    assert tower.status.phase is Phase.UNLINKED and tower.processes == []


def test_an_account_is_connected_at_once(tower: BridgeHarness):
    tower.linked().begun()
    assert tower.process.mode == "resume" and tower.process.phone is None
    assert (tower.status.phase, tower.status.phone) == (Phase.LINKED, NUMBER)
    assert not tower.status.connected


def test_a_session_that_sql_does_not_know_is_tried(tower: BridgeHarness):
    """The database was away, or another one, when the account was linked."""
    tower.leave_session()
    tower.begun()
    assert tower.process.mode == "resume"
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert tower.link().phone == NUMBER and tower.status.connected


def test_after_another_took_our_place_the_owner_decides(tower: BridgeHarness):
    tower.linked().ended(End.REPLACED).begun()
    assert tower.processes == []
    assert (tower.status.phase, tower.status.end) == (Phase.LINKED, End.REPLACED)


def test_why_there_is_no_account_is_still_known(tower: BridgeHarness):
    tower.ended(End.REMOVED_ON_PHONE).begun()
    assert (tower.status.phase, tower.status.end) == (Phase.UNLINKED, End.REMOVED_ON_PHONE)


def test_a_newer_process_has_a_higher_fence(tower: BridgeHarness):
    tower.redis_fence = 7
    tower.online()
    assert (tower.process.fence, tower.bridge.fence) == (7, 7)
    tower.redis_fence = 0  # Redis has forgotten, SQL has not
    tower.hears("exited", code=1)
    tower.passes(60)
    assert tower.process.fence == 8


# Linking ----------------------------------------------------------------------------------------


def test_linking_by_qr(tower: BridgeHarness):
    tower.begun()
    status = tower.asked("link")
    assert status.phase is Phase.STARTING and status.attempt
    assert tower.process.mode == "link"
    shown = tower.hears("qr", payload="secret", number=1, seconds=60)
    assert (shown.phase, shown.qr, shown.number, shown.of) == (Phase.SCAN, "secret", 1, 6)
    assert shown.attempt == status.attempt and shown.expires_at > datetime.now(UTC)
    assert tower.hears("qr", payload="another", number=2, seconds=20).qr == "another"
    finishing = tower.hears("finishing")
    assert finishing.phase is Phase.FINISHING and finishing.qr is None
    tower.hears("paired", phone=str(NUMBER), device_name=DEVICE)
    assert (tower.link().phone, tower.link().device_name) == (NUMBER, DEVICE)
    status = tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert (status.phase, status.connected, status.phone) == (Phase.LINKED, True, NUMBER)
    assert status.attempt == shown.attempt and tower.audit() == ["linked"]


def test_linking_by_code(tower: BridgeHarness):
    tower.begun()
    status = tower.asked("code", NUMBER)
    assert (status.phase, status.phone) == (Phase.STARTING, NUMBER)
    assert (tower.process.mode, tower.process.phone) == ("code", NUMBER)
    status = tower.hears("code", code="ABCD-EFGH", seconds=150.0)
    assert (status.phase, status.code, status.phone) == (Phase.CODE, "ABCD-EFGH", NUMBER)


def test_a_linked_account_is_not_linked_again(tower: BridgeHarness):
    tower.online().asked("link")
    assert len(tower.processes) == 1 and tower.status.connected


def test_a_second_attempt_replaces_the_first(tower: BridgeHarness):
    tower.showing_qr()
    first = tower.process
    status = tower.asked("code", NUMBER)
    assert first.ended == "killed" and status.phase is Phase.STARTING
    first.says("qr", payload="stale", number=2, seconds=20)
    first.says("ended", end="timed_out", detail="")
    first.says("exited", code=-9)
    assert tower.work().phase is Phase.STARTING and not tower.process.ended


def test_a_second_wish_for_a_qr_code_shares_the_first_one_s(tower: BridgeHarness):
    shown = tower.showing_qr().status
    status = tower.asked("link")
    assert len(tower.processes) == 1 and not tower.process.ended
    assert status.qr == shown.qr and status.attempt != shown.attempt


def test_an_attempt_can_be_cancelled(tower: BridgeHarness):
    tower.showing_qr()
    attempt = tower.status.attempt
    status = tower.asked("cancel")
    assert tower.process.ended == "killed"
    assert (status.phase, status.end) == (Phase.UNLINKED, End.CANCELLED)
    assert (status.attempt, status.qr) == (attempt, None)


def test_unlinking_during_an_attempt_cancels_it(tower: BridgeHarness):
    status = tower.showing_qr().asked("unlink")
    assert (status.end, tower.link().end, tower.audit()) == (End.CANCELLED, None, [])


def test_once_the_phone_has_scanned_nothing_is_cancelled(tower: BridgeHarness):
    tower.finishing().asked("cancel")
    assert tower.status.phase is Phase.FINISHING and not tower.process.ended


def test_cancelling_nothing_does_nothing(tower: BridgeHarness):
    tower.online().asked("cancel")
    assert tower.status.connected
    tower.asked("unlink")
    tower.hears("unlinked", is_known=True)
    assert tower.asked("cancel").end is End.UNLINKED_HERE


@pytest.mark.parametrize("end", End)
def test_whatever_ends_an_attempt_is_said(tower: BridgeHarness, end: End):
    tower.showing_qr()
    attempt = tower.status.attempt
    status = tower.hears("ended", end=end, detail="why")
    assert (status.phase, status.end) == (Phase.UNLINKED, end)
    assert (status.detail, status.attempt, status.qr) == ("why", attempt, None)
    assert tower.running is None and not tower.link().is_linked
    assert tower.passes(1000).phase is Phase.UNLINKED and tower.running is None


def test_an_attempt_that_came_to_nothing_leaves_no_session(tower: BridgeHarness):
    """Else the next start would take its file for a session that was lost."""
    tower.showing_qr().hears("ended", end="timed_out", detail="")
    assert not tower.session.exists()
    tower.begun()
    assert (tower.status.end, tower.running) == (None, None)


def test_a_process_that_dies_during_an_attempt_ends_it(tower: BridgeHarness):
    tower.showing_qr()
    tower.process.kill()
    status = tower.work()
    assert (status.phase, status.end) == (Phase.UNLINKED, End.CRASHED)
    assert tower.passes(1000) == status and tower.running is None


def test_a_server_that_stays_silent_ends_the_attempt(tower: BridgeHarness):
    tower.begun().asked("link")
    assert tower.passes(module.START_LIMIT).phase is Phase.STARTING
    assert tower.passes(1).end is End.UNREACHABLE and tower.running is None


def test_an_attempt_that_nothing_ends_is_ended(tower: BridgeHarness):
    tower.showing_qr()
    assert tower.passes(FIRST_QR).phase is Phase.SCAN
    tower.passes(module.ATTEMPT_LIMIT)
    assert tower.status.end is End.TIMED_OUT and tower.running is None


def test_an_account_that_does_not_log_in_after_linking_gets_a_new_process(tower: BridgeHarness):
    """The library tries it once and says nothing if that fails."""
    tower.paired()
    assert tower.passes(module.PAIRED_LIMIT).phase is Phase.FINISHING
    assert is_offline(tower.passes(1))
    tower.passes(10)
    assert tower.running and tower.running.mode == "resume"
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert tower.status.connected and len(tower.processes) == 2


def test_an_account_that_was_linked_survives_an_error_of_its_first_connection(tower: BridgeHarness):
    tower.paired().hears("ended", end="unreachable", detail="no route")
    assert is_offline(tower.status) and tower.link().is_linked and tower.session.exists()


# Being connected --------------------------------------------------------------------------------


def test_the_time_of_linking_is_kept_when_connected_again(tower: BridgeHarness):
    tower.online()
    assert tower.link().linked_at == START


def test_whatever_account_the_session_holds_is_the_one(tower: BridgeHarness):
    tower.linked().begun()
    tower.hears("connected", phone=str(OTHER), device_name=DEVICE)
    assert tower.link().phone == OTHER and tower.status.phone == OTHER


def test_the_library_reconnects_by_itself(tower: BridgeHarness):
    tower.online().hears("disconnected")
    assert (tower.status.phase, tower.status.connected) == (Phase.LINKED, False)
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert tower.status.connected and len(tower.processes) == 1


def test_a_heartbeat_corrects_what_the_events_did_not_say(tower: BridgeHarness):
    tower.online()
    assert not tower.heartbeat(online=False).connected
    assert tower.heartbeat(online=True).connected


def test_a_heartbeat_tells_which_settings_rule(tower: BridgeHarness):
    tower.online().heartbeat(version=18)
    assert tower.bridge.settings_version == 18


def test_each_report_has_its_handler(tower: BridgeHarness):
    assert tower.bridge.handlers.keys() == set(Report)


def test_a_drained_process_changes_nothing(tower: BridgeHarness):
    assert tower.online().hears("drained").connected


def test_a_report_of_a_newer_kind_is_skipped(tower: BridgeHarness):
    assert tower.online().hears("sung", song="of a later version").connected


# What the library gives up without saying so ----------------------------------------------------


def test_a_process_without_a_heartbeat_is_replaced(tower: BridgeHarness):
    tower.online().passes(module.HEARTBEAT_LIMIT, alive=False)
    assert tower.running
    assert is_offline(tower.passes(1, alive=False)) and tower.process.ended == "in order"


def test_a_process_that_is_offline_for_too_long_is_replaced(tower: BridgeHarness):
    tower.online().hears("disconnected")
    tower.passes(module.OFFLINE_LIMIT)
    assert tower.running
    assert is_offline(tower.passes(1))
    tower.passes(10)
    assert len(tower.processes) == 2


def test_a_process_that_never_logs_in_is_replaced(tower: BridgeHarness):
    tower.linked().begun()
    tower.passes(module.OFFLINE_LIMIT + 1)
    assert is_offline(tower.status)


def test_a_day_online_is_not_a_day_offline(tower: BridgeHarness):
    tower.online().passes(86400)
    tower.hears("disconnected")
    tower.passes(module.OFFLINE_LIMIT)
    assert tower.running


def test_a_send_that_hangs_ends_the_process(tower: BridgeHarness):
    tower.online().heartbeat(sending_for=module.SEND_LIMIT)
    assert tower.status.connected
    assert is_offline(tower.heartbeat(sending_for=module.SEND_LIMIT + 1))


# Trying again -----------------------------------------------------------------------------------


def delays(tower: BridgeHarness, count: int) -> list[float]:
    """How long it waits after each of so many processes that fail at once."""
    waited = []
    for _ in range(count):
        tower.process._exit("crashed", 2)
        tower.work()
        assert is_offline(tower.status)
        started = len(tower.processes)
        waited.append(0.0)
        while len(tower.processes) == started:
            waited[-1] += 0.5
            tower.passes(0.5)
            assert waited[-1] < 60
    return waited


def test_it_waits_longer_each_time(tower: BridgeHarness):
    waited = delays(tower.online(), 8)
    assert waited[0] <= 3 and all(20 <= seconds <= 38 for seconds in waited[-2:])
    assert waited[3] > waited[0]


def test_after_a_minute_of_health_it_begins_again(tower: BridgeHarness):
    """Though it went offline before it ended: that is how connections end."""
    delays(tower.online(), 6)
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    tower.passes(3600)
    tower.hears("disconnected")
    tower.passes(5)
    assert delays(tower, 1)[0] <= 3


def test_when_it_tries_again_is_said(tower: BridgeHarness):
    before = datetime.now(UTC)
    status = tower.online().hears("ended", end="unreachable", detail="no route")
    assert is_offline(status)
    assert status.retry_at and status.retry_at > before
    tower.passes(10)
    assert tower.status.retry_at is None


@pytest.mark.parametrize("end", sorted(set(End) - SESSION_ENDS - STOPPING_ENDS))
def test_other_ends_are_tried_again(tower: BridgeHarness, end: End):
    tower.online().hears("ended", end=end, detail="")
    assert is_offline(tower.status) and tower.link().end is None and tower.session.exists()
    tower.passes(60)
    assert tower.running


def test_a_process_that_leaves_without_a_word_is_replaced(tower: BridgeHarness):
    tower.online().hears("exited", code=0)
    assert is_offline(tower.status)


# Ends that stop it ------------------------------------------------------------------------------


@pytest.mark.parametrize("end", sorted(STOPPING_ENDS))
def test_some_ends_leave_the_next_step_to_the_owner(tower: BridgeHarness, end: End):
    status = tower.online().hears("ended", end=end, detail="")
    assert (status.phase, status.connected, status.end) == (Phase.LINKED, False, end)
    assert (tower.link().phone, tower.link().end) == (NUMBER, end)
    assert tower.session.exists()
    tower.passes(100_000)
    assert tower.running is None and tower.status.end is end


def test_the_end_of_a_ban_is_waited_for(tower: BridgeHarness):
    status = tower.online().hears("ended", end="banned", detail="600")
    assert status.retry_at and status.end is End.BANNED
    tower.passes(599)
    assert tower.running is None
    tower.passes(1)
    assert tower.running
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert tower.status.connected and tower.link().end is None


def test_the_owner_takes_over(tower: BridgeHarness):
    tower.linked().ended(End.REPLACED).begun()
    status = tower.asked("take_over")
    assert (status.phase, status.end) == (Phase.LINKED, None) and tower.running
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert tower.link().end is None


def test_taking_over_what_we_have_changes_nothing(tower: BridgeHarness):
    tower.online().asked("take_over")
    assert len(tower.processes) == 1 and tower.status.connected


def test_taking_over_no_account_does_nothing(tower: BridgeHarness):
    tower.begun().asked("take_over")
    assert tower.processes == []


def test_taking_over_does_not_wait_for_the_next_try(tower: BridgeHarness):
    tower.online().hears("exited", code=1)
    tower.asked("take_over")
    assert tower.running and tower.status.retry_at is None


# Ends of the account ----------------------------------------------------------------------------


def waiting(tower: BridgeHarness) -> None:
    """A message that waits to be answered, and one to be sent."""
    inbound = Inbound(
        account=NUMBER.digits,
        chat="15550000001@s.whatsapp.net",
        sender="15550000001@s.whatsapp.net",
        message_id="A1",
        place=Place.DIRECT,
        kind=Kind.TEXT,
        text="hi",
        sent_at=START,
    )
    with tower.database.write() as connection:
        messages.receive(connection, inbound, START)
        outbox.add(connection, address=inbound.chat, texts=["hello"], now=START)


def assert_forgotten(tower: BridgeHarness, end: End) -> None:
    assert (tower.status.phase, tower.status.end) == (Phase.UNLINKED, end)
    assert (tower.link().is_linked, tower.link().end) == (False, end)
    assert not tower.session.exists() and tower.running is None
    assert {row["state"] for row in tower.rows(tables.messages)} <= {MessageState.IGNORED}
    assert {row["state"] for row in tower.rows(tables.outbox)} <= {PieceState.FAILED}
    assert tower.audit()[-1] == "link ended"


@pytest.mark.parametrize("end", sorted(SESSION_ENDS))
def test_some_ends_leave_nothing_of_the_account(tower: BridgeHarness, end: End):
    tower.online()
    waiting(tower)
    tower.hears("ended", end=end, detail="")
    assert_forgotten(tower, end)


def test_a_session_that_is_not_there_is_said(tower: BridgeHarness):
    tower.linked().begun().hears("ended", end="session_lost", detail="")
    assert_forgotten(tower, End.SESSION_LOST)


@pytest.mark.parametrize(
    ("told", "end"), [(True, End.UNLINKED_HERE), (False, End.UNLINKED_OFFLINE)]
)
def test_unlinking_tells_whatsapp(tower: BridgeHarness, told, end):
    tower.online()
    waiting(tower)
    tower.asked("unlink")
    assert tower.process.told == ["unlink"] and tower.status.connected
    tower.hears("unlinked", is_known=told)
    assert_forgotten(tower, end)


def test_unlinking_while_offline_forgets_the_account(tower: BridgeHarness):
    tower.online().hears("disconnected")
    tower.asked("unlink")
    assert tower.process.told == []
    assert_forgotten(tower, End.UNLINKED_OFFLINE)


def test_unlinking_between_two_tries_forgets_the_account(tower: BridgeHarness):
    tower.online().hears("exited", code=1)
    tower.asked("unlink")
    assert_forgotten(tower, End.UNLINKED_OFFLINE)
    tower.passes(1000)
    assert tower.running is None


def test_unlinking_what_was_replaced_forgets_the_account(tower: BridgeHarness):
    tower.linked().ended(End.REPLACED).begun().asked("unlink")
    assert_forgotten(tower, End.UNLINKED_OFFLINE)


def test_unlinking_is_not_waited_for_without_end(tower: BridgeHarness):
    tower.online().asked("unlink")
    tower.passes(module.UNLINK_LIMIT - 1)
    tower.asked("unlink")  # an impatient owner does not make it longer
    assert tower.link().is_linked
    tower.passes(1)
    assert_forgotten(tower, End.UNLINKED_OFFLINE)


@pytest.mark.parametrize(
    "happens",
    [
        lambda tower: tower.hears("exited", code=-6),
        lambda tower: tower.hears("ended", end="unreachable", detail=""),
        lambda tower: tower.heartbeat(sending_for=module.SEND_LIMIT + 1),
    ],
)
def test_the_wish_to_unlink_outlives_the_process(tower: BridgeHarness, happens):
    tower.online().asked("unlink")
    happens(tower)
    assert_forgotten(tower, End.UNLINKED_OFFLINE)


def test_unlinking_nothing_does_nothing(tower: BridgeHarness):
    tower.begun().asked("unlink")
    assert tower.audit() == [] and tower.said[-1].end is None


def test_an_account_can_be_linked_after_unlinking(tower: BridgeHarness):
    tower.online().asked("unlink")
    tower.hears("unlinked", is_known=True)
    tower.asked("link")
    assert tower.process.mode == "link" and tower.running


def test_a_wish_that_nobody_knows_is_not_fulfilled(tower: BridgeHarness):
    tower.online().asked("dance")  # type: ignore[arg-type]
    assert tower.status.connected


# The lock ---------------------------------------------------------------------------------------


def test_without_the_lock_the_process_is_ended_and_none_is_started(tower: BridgeHarness):
    tower.online()
    tower.bridge.lose_lock()
    assert tower.process.ended == "in order"
    tower.work()
    tower.passes(60)
    tower.asked("take_over")
    assert len(tower.processes) == 1
    tower.bridge.end()
    tower.bridge.begin()
    assert len(tower.processes) == 2


def test_a_lock_that_is_lost_during_a_start_ends_that_process_too(tower: BridgeHarness):
    """The lock's thread waits until it is there to be ended."""
    tower.linked()
    spawn, losing = tower._spawn, threading.Thread(target=lambda: tower.bridge.lose_lock())

    def slowly(**arguments):
        losing.start()
        return spawn(**arguments)

    tower.bridge._spawn = slowly
    tower.begun()
    losing.join(PATIENCE)
    assert tower.process.ended == "in order"


def test_who_holds_no_lock_says_that_it_is_not_connected(tower: BridgeHarness):
    tower.online().bridge.end()
    assert not tower.status.connected and tower.bridge.fence is None


def test_what_a_process_says_at_its_end_counts_no_more(tower: BridgeHarness):
    tower.online().bridge.end()
    said = len(tower.said)
    tower.work()
    tower.process.says("connected", phone=str(NUMBER), device_name=DEVICE)
    tower.work()
    assert len(tower.said) == said


# A database that is away ------------------------------------------------------------------------


def test_what_the_database_could_not_be_told_is_found_out_again(tower: BridgeHarness, monkeypatch):
    """Removed on the phone while the database was away: the error rises, we begin again."""
    tower.online()
    monkeypatch.setattr(link_store, "record_end", _away)
    tower.process.says("ended", end="removed_on_phone", detail="")
    with pytest.raises(ConnectionError):
        tower.work()
    tower.bridge.end()
    monkeypatch.undo()
    tower.inbox.clear()
    tower.begun().hears("ended", end="session_lost", detail="")
    assert_forgotten(tower, End.SESSION_LOST)


def test_an_account_that_was_linked_while_the_database_was_away_is_not_lost(
    tower: BridgeHarness, monkeypatch
):
    tower.finishing()
    monkeypatch.setattr(link_store, "record_link", _away)
    tower.process.says("paired", phone=str(NUMBER), device_name=DEVICE)
    with pytest.raises(ConnectionError):
        tower.work()
    tower.bridge.end()
    monkeypatch.undo()
    tower.inbox.clear()
    tower.begun()
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    assert tower.link().phone == NUMBER and tower.status.connected


def _away(*_: object) -> None:
    raise ConnectionError("the database is away")


# What is written down ---------------------------------------------------------------------------


def test_what_the_connection_goes_through_is_written_down(tower: BridgeHarness):
    tower.online().hears("disconnected")
    tower.hears("connected", phone=str(NUMBER), device_name=DEVICE)
    tower.hears("ended", end="unreachable", detail="no route")
    told = [(row["event"], row["detail"]) for row in tower.rows(tables.link_events)]
    assert told[:-1] == [
        ("started", "resume"),
        ("online", ""),
        ("offline", "the library tries again"),
        ("online", ""),
        ("end.unreachable", "no route"),
    ]
    assert told[-1][0] == "retry" and told[-1][1].endswith(" s")
    assert {row["fence"] for row in tower.rows(tables.link_events)} == {tower.process.fence}


def test_linking_is_written_down_without_its_codes(tower: BridgeHarness):
    tower.paired()
    events = [row["event"] for row in tower.rows(tables.link_events)]
    assert events == ["started", "paired"]
    assert "secret" not in str(tower.rows(tables.link_events))


@pytest.mark.parametrize("end", End)
def test_every_end_is_written_down_once(tower: BridgeHarness, end: End):
    tower.online().hears("ended", end=end, detail="")
    assert [row["event"] for row in tower.rows(tables.link_events)].count(f"end.{end}") == 1


def test_the_reason_for_which_a_process_is_replaced_is_written_down(tower: BridgeHarness):
    tower.online().passes(module.HEARTBEAT_LIMIT + 1, alive=False)
    events = {row["event"]: row["detail"] for row in tower.rows(tables.link_events)}
    assert events["given_up"] == "it gave no sign of life"
    assert "end.crashed" in events


def test_a_history_that_can_not_be_written_costs_no_connection(tower: BridgeHarness):
    tower.online()
    with tower.database.write() as connection:
        connection.execute(text("ALTER TABLE link_events RENAME TO gone"))
    assert not tower.hears("disconnected").connected
    assert tower.running


def test_the_process_s_sign_of_life_is_handed_on(tower: BridgeHarness):
    tower.online()
    assert tower.bridge.heartbeat is None
    beat = Heartbeat("c", "host", 9, 1.5, memory=7)
    tower.hears(
        "heartbeat", online=True, settings_version=1, sending_for=0.0, heartbeat=asdict(beat)
    )
    assert tower.bridge.heartbeat == beat
    tower.hears("ended", end="unreachable", detail="")
    assert tower.bridge.heartbeat is None
