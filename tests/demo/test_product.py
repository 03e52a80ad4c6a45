"""The product as the demo sees it."""

from flask.testing import FlaskClient

from core.link import Phase, Status
from demo.product import OWNER, Product
from demo.web import look
from demo.world.world import World
from store import settings
from store.account import owner
from store.redis.live import Live


def test_the_page_knows_what_the_panel_shows(world: World, product: Product) -> None:
    live = Live(product._services.live.redis)
    live.publish(Status(Phase.CODE, code="ABCD-EFGH"))
    assert look(world, product)["panel"] == {"up": True, "qr": False, "code": "ABCD-EFGH"}


def test_the_owner_is_furnished_once(product: Product) -> None:
    product.furnish("a password")
    product.furnish("another password")
    with product._services.db.read() as connection:
        account = owner.load(connection)
        assert account and account.name == OWNER
        assert settings.load(connection).version == 1
        assert settings.load(connection).enabled


def test_the_panel_opens_signed_in_again_and_again(client: FlaskClient, product: Product) -> None:
    product.furnish("a password")
    panel = product._panel.test_client()
    for _ in range(2):
        answer = client.get("/panel/whatsapp/")
        assert answer.location == f"http://localhost:{product.config.port}/whatsapp/"
        name, value = product.session_cookie()
        panel.set_cookie(name, value)
        assert panel.get("/whatsapp/").status_code == 200
        with product._services.db.write() as connection:
            for session in owner.list_sessions(connection):
                owner.end_session(connection, session.id)
