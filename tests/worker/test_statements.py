"""What one answered message asks of the database: each statement and each transaction is paid by
every message, so none comes back unnoticed."""

from dataclasses import dataclass, field

from redis import Redis

from store import link
from store.chats import messages, outbox
from store.chats.messages import Accepted
from store.redis.queue import Turns
from store.sql.engine import Database
from tests.store.rows import inbound
from tests.worker.statements import counting
from tests.worker.world import ALICE, START, Clock, World
from worker.connection.receipts import Receipt, Receipts
from worker.connection.receive import ReadReceipts, Receiver
from worker.connection.send import Sender
from worker.connection.typing_indicator import TypingIndicator

ADDRESS = f"{ALICE.digits}@s.whatsapp.net"

CONNECTION = (17, 6)  # statements and transactions that the connection may need, at most
JOBS = (16, 4)  # and the jobs


@dataclass
class Phone:
    """WhatsApp, as the connection process sees it."""

    texts: list[str] = field(default_factory=list)
    ticks: list[str] = field(default_factory=list)

    def send(self, to: str, text: str) -> str:
        self.texts.append(text)
        return f"WA{len(self.texts)}"

    def react(self, chat: str, sender: str, message_id: str, emoji: str) -> None: ...

    def mark_read(self, chat: str, sender: str, ids: list[str]) -> bool:
        self.ticks += ids
        return True


class Office:
    """The connection process without its threads: what they do is done step by step."""

    def __init__(self, database: Database, redis: Redis, clock: Clock) -> None:
        self.database, self.clock, self.phone = database, clock, Phone()
        with database.write() as connection:
            fence = link.raise_fence(connection, 0)
        self.ticks = ReadReceipts(database, self.phone.mark_read, clock)
        self.composer = TypingIndicator(
            database=database,
            show=lambda chat, is_typing: None,
            announce=lambda: True,
            now=clock,
        )
        self.sender = Sender(
            database=database,
            whatsapp=self.phone,
            fence=fence,
            now=clock,
            after=self.composer.settle_after_piece,
        )
        self.receipts = Receipts(database, clock)
        self.receiver = Receiver(
            database=database,
            turns=Turns(redis),
            signals=self,
            phone_behind=lambda lid: None,
            stop=print,
            agents=lambda: [],
            now=clock,
        )

    def read(self, accepted: Accepted, *, is_paused: bool) -> None:
        self.ticks.add(accepted, is_free=not is_paused)
        self.ticks.send()

    def show_typing(self, chat: str) -> None:
        self.composer.start_typing(chat)

    def acknowledge(self, accepted: Accepted, emoji: str) -> None:
        self.sender.acknowledge(accepted, emoji)

    def hear(self, text: str) -> None:
        """A message comes in: the callback, and the receiving thread that it wakes."""
        lid = "100000000000001@lid"
        said = inbound(text, ALICE, text=text, sent_at=START, lid=lid, push_name="Alice")
        with self.database.write() as connection:
            messages.receive(connection, said, self.clock())
        self.receiver.wake_up()
        self.receiver.work()
        self.ticks.send()
        self.receipts.write()

    def send(self) -> None:
        """A job has nudged: the sending thread empties the outbox; the phone's receipts come."""
        before = len(self.phone.texts)
        self.sender.wake_up()
        while self.sender.work():
            pass
        ids = [f"WA{number + 1}" for number in range(before, len(self.phone.texts))]
        self.receipts.add(Receipt(ids, is_read=False, at=START))
        self.receipts.add(Receipt(ids, is_read=True, at=START))
        self.receipts.write()


async def test_the_connection_s_side_of_an_answer(world: World, redis: Redis):
    world.settings(enabled=True)
    world.allow(ALICE)
    office = Office(world.database, redis, world.clock)
    alice = world.friend()
    for text in ("first", "second"):  # of the first message some rows are made for good
        with counting(world.database) as tally:
            office.hear(text)
            with world.database.write() as connection:  # in the jobs' place
                outbox.add(
                    connection,
                    address=ADDRESS,
                    texts=[f"answer to {text}"],
                    now=START,
                    chat_id=alice.chat_id,
                )
            office.send()
        tally.statements = [each for each in tally.statements if "INSERT INTO outbox" not in each]
        tally.transactions -= 1
    assert office.phone.texts == ["answer to first", "answer to second"]
    assert office.phone.ticks == ["first", "second"]
    statements, transactions = CONNECTION
    assert len(tally.statements) <= statements and tally.transactions <= transactions, str(tally)


async def test_the_jobs_side_of_an_answer(world: World):
    world.allow(ALICE)
    alice = world.friend()
    for text in ("first", "second"):  # with the first the agent's context is opened
        alice.writes(text)
        with counting(world.database) as tally:
            await world.answering.answer(alice.chat_id)
    statements, transactions = JOBS
    assert len(tally.statements) <= statements and tally.transactions <= transactions, str(tally)
