"""Notes between the supervisor and its connection process."""

import os
import threading
from collections.abc import Iterator

import pytest

from worker.ipc import Mouth, Note, listen

Pipe = tuple[int, Mouth]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    mouth = Mouth(writing)
    yield reading, mouth
    mouth.close()
    os.close(reading)


def test_notes_arrive_as_they_were_said(pipe: Pipe):
    ear, mouth = pipe
    assert mouth.say("qr", payload="a\nb,“c”", number=1, seconds=60.0)
    assert mouth.say("connected", phone=None)
    mouth.close()
    facts = {"payload": "a\nb,“c”", "number": 1, "seconds": 60.0}
    assert list(listen(ear)) == [Note("qr", facts), Note("connected", {"phone": None})]


def test_half_a_note_is_none(pipe: Pipe):
    """What a process left behind that was killed while it spoke."""
    ear, mouth = pipe
    mouth.say("heartbeat")
    assert mouth._descriptor is not None
    os.write(mouth._descriptor, b'["qr", {"payl')
    mouth.close()
    assert list(listen(ear)) == [Note("heartbeat")]


def test_nobody_listens_any_more():
    reading, writing = os.pipe()
    os.close(reading)
    mouth = Mouth(writing)
    assert mouth.say("heartbeat") is False
    mouth.close()


def test_a_closed_mouth_says_nothing(pipe: Pipe):
    """Its descriptor may belong to another file by now."""
    ear, mouth = pipe
    mouth.close()
    other = os.pipe()
    assert mouth.say("heartbeat") is False
    mouth.close()
    for descriptor in other:
        os.close(descriptor)  # each still open: closing twice closes nothing of others'


def test_threads_do_not_interrupt_each_other(pipe: Pipe):
    """Each note is longer than what a pipe takes at once."""
    ear, mouth = pipe
    long = "x" * 100_000
    speakers = [
        threading.Thread(target=lambda n=n: [mouth.say("note", n=n, long=long) for _ in range(5)])
        for n in range(4)
    ]
    for speaker in speakers:
        speaker.start()
    closer = threading.Thread(target=lambda: [*(s.join() for s in speakers), mouth.close()])
    closer.start()
    heard = [note.facts["n"] for note in listen(ear) if note.facts["long"] == long]
    closer.join()
    assert sorted(heard) == sorted([*range(4)] * 5)
