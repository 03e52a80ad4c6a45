"""The Noise handshake, with a client side written here from the same state machine."""

import pytest
from cryptography.exceptions import InvalidTag

from simulator.crypto.curve import KeyPair, is_signed_by
from simulator.wire.noise import FrameBuffer, ServerHandshake, ServerIdentity, Transport, frame
from simulator.wire.protobufs import cert, wa6
from tests.simulator.noise_client import PROLOGUE, NoiseClient


def test_both_sides_agree_and_talk() -> None:
    identity, client = ServerIdentity(), NoiseClient()
    server = ServerHandshake(identity, PROLOGUE)
    payload = wa6.ClientPayload(username=15550001000, device=3).SerializeToString()
    last, chain, transport = client.finish(server.hello(client.hello()), payload)
    received, static, theirs = server.finish(last)

    assert (received.username, received.device) == (15550001000, 3)
    assert static == client.static.public
    assert chain == identity.chain
    for text in (b"one", b"two"):
        assert theirs.decrypt(transport.encrypt(text)) == text
        assert transport.decrypt(theirs.encrypt(text)) == text


def test_the_certificate_chain_leads_to_the_root() -> None:
    identity = ServerIdentity()
    chain = cert.CertChain.FromString(identity.chain)
    intermediate = cert.CertChain.NoiseCertificate.Details.FromString(chain.intermediate.details)
    leaf = cert.CertChain.NoiseCertificate.Details.FromString(chain.leaf.details)
    root = identity.root_key
    assert is_signed_by(root, chain.intermediate.details, chain.intermediate.signature)
    assert is_signed_by(intermediate.key, chain.leaf.details, chain.leaf.signature)
    assert (intermediate.issuerSerial, leaf.issuerSerial) == (0, intermediate.serial)
    assert leaf.key == identity.static.public


def test_another_prologue_does_not_pass() -> None:
    client, server = NoiseClient(), ServerHandshake(ServerIdentity(), b"WA\x06\x02")
    answer = server.hello(client.hello())
    with pytest.raises(InvalidTag):
        client.finish(answer, b"")


def test_a_repeated_frame_is_refused() -> None:
    ours, theirs = Transport(bytes(32), bytes(32)), Transport(bytes(32), bytes(32))
    sealed = ours.encrypt(b"once")
    assert theirs.decrypt(sealed) == b"once"
    with pytest.raises(InvalidTag):
        theirs.decrypt(sealed)


def test_frames_are_cut_wherever_the_stream_is_torn() -> None:
    stream = PROLOGUE + frame(b"first") + frame(b"") + frame(b"x" * 70000)
    for size in (1, 2, 3, 7, 1000, len(stream)):
        buffer, found = FrameBuffer(len(PROLOGUE)), []
        for at in range(0, len(stream), size):
            found += buffer.feed(stream[at : at + size])
        assert buffer.prologue == PROLOGUE
        assert found == [b"first", b"", b"x" * 70000]


def test_signatures_hold_for_their_message_and_key_only() -> None:
    key = KeyPair()
    signature = key.sign(b"message")
    assert is_signed_by(key.public, b"message", signature)
    assert not is_signed_by(key.public, b"another", signature)
    assert not is_signed_by(KeyPair().public, b"message", signature)
