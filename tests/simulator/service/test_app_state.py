"""App state without a network: versions, conflicts and what a linked device adds."""

from simulator.clockwork import Clockwork
from simulator.service.app_state import NAME_COLLECTION, NO_HASH, AppState
from simulator.wire.node import Node, node


def state(name: str = "Shop") -> AppState:
    return AppState(name, Clockwork(1, lambda: 1_790_000_000.0))


def asked(version: int, *content: Node, name: str = NAME_COLLECTION) -> Node:
    return node("collection", *content, name=name, version=version)


def patches(answer: Node) -> list[bytes]:
    return [patch.data for patch in (answer.child("patches") or answer).all("patch")]


def test_a_device_gets_what_it_lacks() -> None:
    shop = state()
    shop.rename("The Shop")
    for has, missing in ((0, 2), (1, 1), (2, 0)):
        answer = shop.answer(asked(has))
        assert (len(patches(answer)), answer.text("version")) == (missing, "2")


def test_a_collection_without_settings_is_at_version_0() -> None:
    answer = state().answer(asked(0, name="regular"))
    assert (answer.text("version"), patches(answer)) == ("0", [])


def test_the_hash_of_all_settings_forgets_replaced_values() -> None:
    """The same name set twice in a row sums up to one setting."""
    shop = state()
    collection = shop._collection(NAME_COLLECTION)
    first = collection.hash
    assert first != NO_HASH
    for _ in range(3):
        shop.rename("The Shop")
    assert len(collection.macs) == 1
    assert collection.hash != first


def test_a_linked_devices_patch_is_taken_at_the_right_version_only() -> None:
    """Both have the same key here, as a phone and its linked device have."""
    phone, device = state(), state()
    device.rename("Renamed by the device")
    patch = node("patch", patches(device.answer(asked(1)))[0])

    refused = phone.answer(asked(0, patch))
    assert refused.text("type") == "error"
    assert (refused.child("error") or refused).text("code") == "409"
    assert (len(patches(refused)), phone.push_name) == (1, "Shop")

    taken = phone.answer(asked(1, patch))
    assert (taken.text("version"), patches(taken)) == ("2", [])
    assert phone.push_name == "Renamed by the device"
    assert phone._collection(NAME_COLLECTION).hash == device._collection(NAME_COLLECTION).hash
