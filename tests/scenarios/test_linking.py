"""Linking and unlinking, each way, with the real library."""

from core.link import End, Phase
from core.phone import Phone
from tests.scenarios.product import Product


async def test_a_phone_links_by_qr(product: Product):
    worker = product.worker()
    await product.link()
    status = await product.connected()
    assert status.phone == "+15550001000"
    assert product.linked().phone == "+15550001000"
    assert "session.db" in product.session_files()
    assert "[WhatsAppBridge] Connection: open" in worker.output()


async def test_the_linking_secret_is_never_logged(product: Product):
    worker = product.worker()
    await product.ready()
    product.request("link")
    status = await product.status(lambda s: s.qr, "a QR code")
    assert status.phase is Phase.SCAN and (status.number, status.of) == (1, 6)
    await product.owner.scan(status.qr)
    await product.connected()
    for part in status.qr.partition("#")[2].split(",")[:4]:
        assert part not in worker.output()


async def test_a_phone_links_by_code(product: Product):
    product.worker()
    await product.ready()
    product.live.request("code", Phone(product.owner.number))
    status = await product.status(lambda s: s.code, "a pairing code")
    assert status.phase is Phase.CODE and len(status.code) == 9
    await product.owner.enter_code(status.code)
    assert (await product.connected()).phone == "+15550001000"


async def test_a_link_attempt_can_be_cancelled_and_begun_again(product: Product):
    product.worker()
    await product.ready()
    product.request("link")
    first = await product.status(lambda s: s.qr, "a QR code")
    product.request("cancel")
    await product.status(lambda s: s.end is End.CANCELLED, "the end of the attempt")
    product.request("link")
    second = await product.status(lambda s: s.qr, "another QR code")
    assert second.qr != first.qr and second.attempt != first.attempt


async def test_unlinking_here_leaves_no_session(product: Product):
    product.worker()
    await product.link()
    product.request("unlink")
    await product.status(lambda s: s.phase is Phase.UNLINKED, "unlinked")
    assert product.linked().end is End.UNLINKED_HERE
    assert not product.linked().is_linked
    assert product.session_files() == []
    assert product.owner.linked_devices == []


async def test_removing_the_device_on_the_phone_leaves_no_session(product: Product):
    product.worker()
    await product.link()
    await product.owner.remove_device()
    await product.status(lambda s: s.phase is Phase.UNLINKED, "unlinked")
    assert product.linked().end is End.REMOVED_ON_PHONE
    assert product.session_files() == []


async def test_a_restarted_worker_is_connected_again(product: Product):
    worker = product.worker()
    await product.link()
    worker.stop()
    product.worker()
    assert (await product.connected()).phone == "+15550001000"
