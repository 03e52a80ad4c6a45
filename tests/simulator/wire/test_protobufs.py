"""The protocol's messages, out of neonize."""

import logging
from pathlib import Path

from simulator.wire import protobufs


def test_each_family_is_there_and_the_library_behind_it() -> None:
    for name in set(protobufs.__all__) - {"LIBRARY_PATH"}:
        assert getattr(protobufs, name).DESCRIPTOR.message_types_by_name
    assert Path(protobufs.LIBRARY_PATH).name
    message = protobufs.e2e.Message(conversation="Hi")
    assert protobufs.e2e.Message.FromString(message.SerializeToString()) == message


def test_importing_it_leaves_the_root_logger_alone() -> None:
    assert not [each for each in logging.root.handlers if "neonize" in type(each).__module__]
