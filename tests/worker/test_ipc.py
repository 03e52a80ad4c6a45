"""Events between the supervisor and its connection process."""

import os
import threading
from collections.abc import Iterator

import pytest

from worker.ipc import PipeEvent, PipeWriter, read_events

Pipe = tuple[int, PipeWriter]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    writer = PipeWriter(writing)
    yield reading, writer
    writer.close()
    os.close(reading)


def test_events_arrive_as_they_were_sent(pipe: Pipe):
    reading, writer = pipe
    assert writer.send("qr", payload="a\nb,“c”", number=1, seconds=60.0)
    assert writer.send("connected", phone=None)
    writer.close()
    facts = {"payload": "a\nb,“c”", "number": 1, "seconds": 60.0}
    assert list(read_events(reading)) == [
        PipeEvent("qr", facts),
        PipeEvent("connected", {"phone": None}),
    ]


def test_half_an_event_is_none(pipe: Pipe):
    """What a process left behind that was killed while it wrote."""
    reading, writer = pipe
    writer.send("heartbeat")
    assert writer._descriptor is not None
    os.write(writer._descriptor, b'["qr", {"payl')
    writer.close()
    assert list(read_events(reading)) == [PipeEvent("heartbeat")]


def test_a_reader_that_is_gone():
    reading, writing = os.pipe()
    os.close(reading)
    writer = PipeWriter(writing)
    assert writer.send("heartbeat") is False
    writer.close()


def test_a_closed_writer_sends_nothing(pipe: Pipe):
    """Its descriptor may belong to another file by now."""
    reading, writer = pipe
    writer.close()
    other = os.pipe()
    assert writer.send("heartbeat") is False
    writer.close()
    for descriptor in other:
        os.close(descriptor)  # each still open: closing twice closes nothing of others'


def test_threads_do_not_interrupt_each_other(pipe: Pipe):
    """Each event is longer than what a pipe takes at once."""
    reading, writer = pipe
    long = "x" * 100_000
    speakers = [
        threading.Thread(target=lambda n=n: [writer.send("note", n=n, long=long) for _ in range(5)])
        for n in range(4)
    ]
    for speaker in speakers:
        speaker.start()
    closer = threading.Thread(target=lambda: [*(s.join() for s in speakers), writer.close()])
    closer.start()
    heard = [each.arguments["n"] for each in read_events(reading) if each.arguments["long"] == long]
    closer.join()
    assert sorted(heard) == sorted([*range(4)] * 5)
