"""Answers to the client's questions (`iq` stanzas), by namespace."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.crypto.curve import KEY_TYPE
from simulator.crypto.e2ee import Bundle, PreKey
from simulator.service import groups, linking, media_host
from simulator.service.account import Account, Companion
from simulator.service.connection import Connection
from simulator.service.linking import Refused
from simulator.wire.jid import PHONE_SERVER, SERVER, Jid
from simulator.wire.node import Node, node

if TYPE_CHECKING:
    from simulator.service.server import Server

Answer = list[Node] | None  # None: no answer at all
PRIVACY = ("readreceipts", "profile", "status", "online", "last", "groupadd", "calladd", "messages")


def answer(server: "Server", connection: Connection, iq: Node) -> None:
    """Answer one iq; what is unknown gets an empty result, as most of it needs no more."""
    handler = HANDLERS.get(iq.text("xmlns"))
    iq_id, origin = iq.text("id"), iq.jid("to") or SERVER
    try:
        content = handler(server, connection, iq) if handler else []
    except Refused as refusal:
        error = node("error", code=refusal.code, text=refusal.text)
        connection.send(node("iq", error, type="error", id=iq_id, from_=origin))
        return
    if content is not None:
        connection.send(node("iq", *content, type="result", id=iq_id, from_=origin))


def _encrypt(server: "Server", connection: Connection, iq: Node) -> Answer:
    companion = connection.companion
    if companion is None:
        raise Refused(401, "not-authorized")
    if iq.text("type") == "set":
        _store_prekeys(server, connection, iq)
        return []
    if iq.child("digest"):
        return [_digest(companion)]
    wanted = iq.child("key")
    if wanted is None:
        return [node("count", value=len(companion.prekeys))]
    users = [_bundle_node(server, user) for user in wanted.all("user")]
    return [node("list", *(user for user in users if user))]


def _store_prekeys(server: "Server", connection: Connection, iq: Node) -> None:
    companion = connection.companion
    keys = iq.child("list")
    assert companion is not None
    if keys is None:
        return
    first = not companion.has_prekeys
    companion.prekeys.extend(_read_key(key) for key in keys.all("key"))
    if (signed := iq.child("skey")) is not None:
        companion.signed_prekey = _read_key(signed)
        companion.signature = _data(signed, "signature")
    companion.has_prekeys = True
    if first:
        companion.account.handset.companion_ready(companion)


def _digest(companion: Companion) -> Node:
    """What the service holds of a device's keys. Baileys uploads them anew without an answer."""
    signed = companion.signed_prekey
    return node(
        "digest",
        node("registration", companion.registration_id.to_bytes(4, "big")),
        node("type", KEY_TYPE),
        node("identity", companion.identity),
        node("skey", *key_content(signed), node("signature", companion.signature)),
        node("list", *(node("id", key.id.to_bytes(3, "big")) for key in companion.prekeys)),
    )


def _read_key(key: Node) -> PreKey:
    return PreKey(int.from_bytes(_data(key, "id"), "big"), _data(key, "value"))


def _data(parent: Node, tag: str) -> bytes:
    child = parent.child(tag)
    return child.data if child else b""


def _bundle_node(server: "Server", user: Node) -> Node | None:
    jid = user.jid("jid")
    account = server.find(jid) if jid else None
    if jid is None or account is None:
        return None
    if jid.device == 0:
        return node("user", *bundle_content(account.handset.keyring.bundle()), jid=jid)
    companion = account.companions.get(jid.device)
    return node("user", *bundle_content(companion.bundle()), jid=jid) if companion else None


def bundle_content(bundle: Bundle) -> list[Node]:
    """A device's public keys, as the service hands them out."""
    content = [
        node("registration", bundle.registration_id.to_bytes(4, "big")),
        node("type", KEY_TYPE),
        node("identity", bundle.identity),
    ]
    if bundle.prekey:
        content.append(node("key", *key_content(bundle.prekey)))
    signature = node("signature", bundle.signature)
    return [*content, node("skey", *key_content(bundle.signed_prekey), signature)]


def key_content(key: PreKey) -> list[Node]:
    return [node("id", key.id.to_bytes(3, "big")), node("value", key.public)]


def _usync(server: "Server", connection: Connection, iq: Node) -> Answer:
    usync = iq.child("usync")
    query, wanted = iq.child("usync", "query"), iq.child("usync", "list")
    if usync is None or query is None or wanted is None:
        raise Refused(400, "bad-request")
    asked = [child.tag for child in query.children]
    users = [_user_node(server, user, asked) for user in wanted.all("user")]
    attrs = {name: usync.text(name) for name in ("sid", "mode", "last", "index", "context")}
    result = node("result", *(node(tag) for tag in asked))
    return [node("usync", result, node("list", *users), **attrs)]


def _user_node(server: "Server", user: Node, asked: list[str]) -> Node:
    """What is known of one user; a number typed by a person stands in <contact>."""
    contact = user.child("contact")
    typed = contact.data.decode() if contact else ""
    digits = typed.partition("@")[0].removeprefix("+")
    jid = user.jid("jid") or Jid(digits, PHONE_SERVER)
    account = server.find(jid)
    facts = [_USER_FACTS[tag](account, contact) for tag in asked if tag in _USER_FACTS]
    return node("user", *(fact for fact in facts if fact), jid=jid)


def _devices(account: Account | None, _: Node | None) -> Node | None:
    if account is None:
        return None
    devices = [Node("device", {"id": f"{n}", "key-index": f"{n}"}) for n in account.device_ids]
    return node("devices", node("device-list", *devices))


def _contact(account: Account | None, contact: Node | None) -> Node | None:
    asked = [contact.data] if contact and contact.data else []
    return node("contact", *asked, type="in" if account else "out")


def _lid(account: Account | None, _: Node | None) -> Node | None:
    return node("lid", val=account.lid) if account else None


_USER_FACTS: dict[str, Callable[[Account | None, Node | None], Node | None]] = {
    "devices": _devices,
    "contact": _contact,
    "lid": _lid,
}


def _privacy(server: "Server", connection: Connection, iq: Node) -> Answer:
    """Settings that a client may change; the simulator stores them and acts on none."""
    companion = connection.companion
    if companion is None:
        raise Refused(401, "not-authorized")
    settings = companion.account.privacy
    for category in (iq.child("privacy") or iq).all("category"):
        if (name := category.text("name")) not in PRIVACY:
            raise Refused(400, "bad-request")
        settings[name] = category.text("value")
    pairs = ((name, settings.get(name, "all")) for name in PRIVACY)
    return [node("privacy", *(node("category", name=name, value=value) for name, value in pairs))]


def _media(server: "Server", connection: Connection, iq: Node) -> Answer:
    host = node("host", hostname=media_host.HOST)
    numbers = {"ttl": 300, "auth_ttl": 21600, "max_buckets": 12}
    return [node("media_conn", host, auth=server.media.ticket(), id=1, **numbers)]


def _app_state(server: "Server", connection: Connection, iq: Node) -> Answer:
    companion, wanted = connection.companion, iq.child("sync")
    if companion is None or wanted is None:
        raise Refused(400, "bad-request")
    state = companion.account.handset.app_state
    return [node("sync", *(state.answer(c) for c in wanted.all("collection")))]


def _ping(server: "Server", connection: Connection, iq: Node) -> Answer:
    return None if server.faults.mute_pings else []


def _groups(server: "Server", connection: Connection, iq: Node) -> Answer:
    """Source: whatsmeow's group.go."""
    companion = connection.companion
    if companion is None:
        raise Refused(401, "not-authorized")
    if iq.child("participating"):
        mine = (g for g in server.groups.values() if companion.account in g.members)
        return [node("groups", *(group.describe() for group in mine))]
    if (asked := iq.child("create")) is not None:
        return groups.create_for_client(server, companion, asked)
    group = server.groups.get(iq.jid("to") or SERVER)
    if group is None:
        raise Refused(404, "item-not-found")
    if companion.account not in group.members:
        raise Refused(403, "forbidden")
    if iq.child("query"):
        return [group.describe()]
    raise Refused(501, "feature-not-implemented")


def _picture(server: "Server", connection: Connection, iq: Node) -> Answer:
    """No account here has a profile picture. Source: whatsmeow's user.go."""
    if iq.text("type") == "get":
        raise Refused(404, "item-not-found")
    return []


def _md(server: "Server", connection: Connection, iq: Node) -> Answer:
    if (removal := iq.child("remove-companion-device")) is not None:
        return linking.unlink_from_client(server, connection, removal)
    if (stage := iq.child("link_code_companion_reg")) is not None:
        return linking.pairing_code(server, connection, stage)
    return []


HANDLERS: dict[str, Callable[["Server", Connection, Node], Answer]] = {
    "encrypt": _encrypt,
    "usync": _usync,
    "privacy": _privacy,
    "w:m": _media,
    "w:sync:app:state": _app_state,
    "w:p": _ping,
    "w:g2": _groups,
    "w:profile:picture": _picture,
    "md": _md,
}
