"""Stanzas as values."""

from simulator.wire.jid import Jid
from simulator.wire.node import SHOWN, Node, node, receipt_ids

ADA = Jid("1", "lid")


def test_attributes_are_text_or_addresses() -> None:
    made = node("iq", from_=ADA, to="2@lid", t=7, none=None)
    assert made.attrs == {"from": ADA, "to": "2@lid", "t": "7"}
    assert (made.jid("from"), made.jid("to"), made.jid("none")) == (ADA, Jid("2", "lid"), None)
    assert (made.text("from"), made.text("none"), made.text("none", "x")) == ("1@lid", "", "x")


def test_content_is_children_or_bytes() -> None:
    leaf = node("leaf", b"data")
    tree = node("root", node("a"), node("b", leaf), node("b"))
    assert (leaf.data, leaf.children, tree.data) == (b"data", [], b"")
    assert tree.child("b", "leaf") is leaf and tree.child() is tree
    assert tree.child("a", "leaf") is None and tree.child("c") is None
    assert len(list(tree.all("b"))) == 2
    assert node("empty").content is None


def test_the_text_form_is_short() -> None:
    assert str(node("a", x=1)) == '<a x="1"/>'
    assert str(node("a", b"xyz")) == "<a>[3 bytes]</a>"
    assert str(node("a", *[node("b")] * (SHOWN + 2))).endswith("<b/>[2 more]</a>")


def test_a_receipt_may_be_about_several() -> None:
    assert receipt_ids(node("receipt", id="A")) == ["A"]
    items = node("list", node("item", id="B"), node("item", id="C"))
    assert receipt_ids(Node("receipt", {"id": "A"}, [items])) == ["A", "B", "C"]
