"""What the service answers a client that asks."""

from simulator.wire.jid import SERVER
from simulator.wire.node import Node, node
from tests.simulator.scripted import Scripted


async def test_what_nobody_knows_is_answered(device: Scripted) -> None:
    """A client must not wait for ever for an answer."""
    device.says(node("iq", node("what"), xmlns="no:such", type="get", id="q1", to=SERVER))
    assert str(device.received[-1]) == '<iq type="result" id="q1" from="s.whatsapp.net"/>'


async def test_privacy_settings_are_kept(device: Scripted) -> None:
    def ask(kind: str, *categories: Node) -> Node:
        about = {"xmlns": "privacy", "type": kind, "id": f"p{len(device.received)}"}
        device.says(node("iq", node("privacy", *categories), to=SERVER, **about))
        return device.received[-1]

    ask("set", node("category", name="readreceipts", value="none"))
    refused = ask("set", node("category", name="no such", value="none"))
    assert (refused.child("error") or refused).text("code") == "400"
    kept = (ask("get").child("privacy") or refused).all("category")
    values = {category.text("name"): category.text("value") for category in kept}
    assert (values["readreceipts"], values["last"]) == ("none", "all")
