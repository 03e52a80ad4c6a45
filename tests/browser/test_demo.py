"""The phones page of `./run demo`, by hand: what each phone shows while others are used."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.product import Product
from demo.server import serving
from demo.web import make_app
from demo.world.samples import SAMPLES
from demo.world.world import World
from simulator import Phone
from tests.browser.looks import WIDTHS, run_axe, show_themes
from tests.browser.panel import EXPECTED, WATCH
from tests.demo import conftest as demo
from tests.waiting import PATIENCE_MS

pytestmark = pytest.mark.browser
world, hands, product = demo.world, demo.hands, demo.product


class Desk:
    """The phones page in a browser. What goes wrong in it is collected."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address
        self.problems: list[str] = []
        self.requests: list[str] = []

    def open(self, **options) -> Page:
        context = self._browser.new_context(base_url=self._address, **options)
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        page.on("console", self._heard)
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"/enter/{demo.KEY}")
        page.locator(".handset").nth(2).wait_for(state="attached")
        return page

    def _heard(self, message) -> None:
        expected = any(text in message.text for text in EXPECTED)
        if message.type in ("error", "warning") and not expected:
            self.problems.append(f"console: {message.text}")

    def close(self) -> None:
        for context in self._browser.contexts:
            context.close()


@pytest.fixture
def desk(world: World, product: Product, free_port: int, browser: Browser) -> Iterator[Desk]:
    with serving(make_app(world, product, demo.KEY), free_port):
        desk = Desk(browser, f"http://127.0.0.1:{free_port}")
        yield desk
        desk.close()
    assert desk.problems == []
    assert all(url.startswith((desk._address, "data:")) for url in desk.requests)


@pytest.fixture
def page(desk: Desk) -> Page:
    return desk.open(viewport={"width": 1280, "height": 860})


def handset(page: Page, phone: Phone) -> Locator:
    return page.locator(f'.handset[data-phone="{phone.number}"]')


def field(page: Page, phone: Phone) -> Locator:
    return handset(page, phone).get_by_label(re.compile("^Message to"))


def bubble(page: Page, phone: Phone, text: str) -> Locator:
    return handset(page, phone).locator(".bubble", has_text=text)


def open_chat(page: Page, phone: Phone, other: Phone) -> None:
    handset(page, phone).get_by_role("button", name="Back").click()
    handset(page, phone).locator(f'[data-with="{other.number}"]').click()


def choose(page: Page, phone: Phone, text: str, what: str) -> None:
    """An item of a message's menu, by the keyboard alone."""
    bubble(page, phone, text).get_by_role("button", name="Reply, react and more").press("Enter")
    page.locator("#menu").get_by_role("button", name=what, exact=True).press("Enter")


def test_a_conversation_seen_from_both_sides(page: Page, hands: demo.Hands) -> None:
    alice, owner = hands.alice, hands.owner
    open_chat(page, owner, alice)
    field(page, alice).press_sequentially("Lunch?")
    expect(handset(page, owner).locator(".bar-line")).to_have_text("typing…")
    field(page, alice).press("Enter")
    expect(bubble(page, owner, "Lunch?")).to_be_visible()
    expect(handset(page, owner).locator(".bar-line")).to_have_text("+1 555-000-2001")
    expect(bubble(page, alice, "Lunch?").get_by_role("img", name="Read")).to_be_visible()
    expect(field(page, alice)).to_have_value("")

    choose(page, owner, "Lunch?", "React: Thumbs up")
    expect(bubble(page, alice, "Lunch?").locator(".reactions")).to_have_text("👍")
    choose(page, owner, "Lunch?", "Reply")
    page.keyboard.type("At twelv")
    page.keyboard.press("Enter")
    answer = bubble(page, alice, "At twelv")
    expect(answer.locator(".quote")).to_have_text("YouLunch?")
    choose(page, owner, "At twelv", "Edit")
    expect(field(page, owner)).to_have_value("At twelv")
    page.keyboard.type("e")
    page.keyboard.press("Enter")
    expect(bubble(page, alice, "At twelve").get_by_text("edited")).to_be_visible()
    choose(page, owner, "At twelve", "Delete for everyone")
    expect(bubble(page, alice, "This message was deleted")).to_be_visible()
    expect(bubble(page, alice, "At twelve")).to_have_count(0)


def test_a_group_shows_who_writes(page: Page, hands: demo.Hands) -> None:
    for phone in (hands.alice, hands.bob):
        handset(page, phone).get_by_role("button", name="Back").click()
        handset(page, phone).locator(f'[data-with="{hands.team.jid}"]').click()
        expect(handset(page, phone).get_by_role("heading", name="Team")).to_be_visible()
    field(page, hands.alice).fill("@Your shop are you open?")
    field(page, hands.alice).press("Enter")
    heard = bubble(page, hands.bob, "@Your shop are you open?")
    expect(heard.locator(".sender")).to_have_text("Alice")
    expect(bubble(page, hands.alice, "are you open?").locator(".sender")).to_be_hidden()
    choose(page, hands.bob, "are you open?", "Reply")
    page.keyboard.type("Yes")
    page.keyboard.press("Enter")
    quote = bubble(page, hands.alice, "Yes").locator(".quote")
    expect(quote).to_have_text("You@Your shop are you open?")


def test_only_one_s_own_messages_can_be_edited(page: Page, hands: demo.Hands) -> None:
    hands.do("say", hands.owner, hands.alice, text="Hello")
    bubble(page, hands.alice, "Hello").click(button="right")
    menu = page.locator("#menu")
    expect(menu.get_by_role("button", name="Reply")).to_be_visible()
    expect(menu.get_by_role("button", name="Edit")).to_be_hidden()
    expect(menu.get_by_role("button", name="Delete for everyone")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


@pytest.fixture
def message(page: Page, hands: demo.Hands) -> Locator:
    """On Alice's phone, from somebody else."""
    hands.do("say", hands.owner, hands.alice, text="Hello")
    return bubble(page, hands.alice, "Hello")


def middle(message: Locator) -> dict[str, float]:
    message.hover()
    box = message.locator(".text").bounding_box()
    assert box
    return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}


def ask_for_menu(message: Locator) -> None:
    """What a system sends while a finger rests on the message, or the mouse's only button is
    pressed together with Ctrl."""
    message.locator(".text").dispatch_event("contextmenu")


def expect_menu(page: Page) -> None:
    """It is there, and still is when the page has done all that it does about the last event."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    expect(page.locator("#menu")).to_be_visible(timeout=1)


def test_a_press_of_the_right_button_opens_the_menu_and_its_end_leaves_it(
    page: Page, message: Locator
) -> None:
    page.mouse.move(**middle(message))
    page.mouse.down(button="right")
    expect(page.locator("#menu")).to_be_visible()
    page.mouse.up(button="right")
    expect_menu(page)
    page.mouse.click(**middle(message))
    expect(page.locator("#menu")).to_be_hidden()


def test_so_does_ctrl_with_the_only_button(page: Page, message: Locator) -> None:
    page.mouse.move(**middle(message))
    page.mouse.down()
    ask_for_menu(message)
    page.mouse.up()
    expect_menu(page)


def test_so_does_a_long_press(desk: Desk, hands: demo.Hands) -> None:
    page = desk.open(viewport={"width": 390, "height": 844}, has_touch=True)
    hands.do("say", hands.owner, hands.alice, text="Hello")
    message = bubble(page, hands.alice, "Hello")
    touch = page.context.new_cdp_session(page)
    for _ in range(2):  # the second time while the menu is there
        point = {"type": "touchStart", "touchPoints": [middle(message)]}
        touch.send("Input.dispatchTouchEvent", point)
        ask_for_menu(message)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect_menu(page)
    page.locator("#menu").get_by_role("button", name="Reply").tap()
    expect(field(page, hands.alice)).to_be_focused()
    expect(page.locator("#menu")).to_be_hidden()


@pytest.mark.parametrize("key", ["Enter", "Space", "ContextMenu", "Shift+F10"])
def test_the_menu_by_keyboard(page: Page, message: Locator, hands: demo.Hands, key: str) -> None:
    more, menu = message.get_by_role("button", name="Reply, react and more"), page.locator("#menu")
    more.press(key)
    expect(menu.get_by_role("button", name="React: Thumbs up")).to_be_focused()
    expect_menu(page)
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("button", name="React: Heart")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(more).to_be_focused()
    more.press(key)
    menu.get_by_role("button", name="Reply", exact=True).press("Enter")
    expect(menu).to_be_hidden()
    expect(field(page, hands.alice)).to_be_focused()


def test_the_focus_finds_the_way_back_to_a_message_that_has_changed(
    page: Page, message: Locator, hands: demo.Hands
) -> None:
    more = message.get_by_role("button", name="Reply, react and more")
    more.press("Enter")
    hands.do("react", hands.owner, hands.alice, message=first(hands), text="👍")
    expect(message.locator(".reactions")).to_have_text("👍")
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    expect(more).to_be_focused()


def test_what_is_written_looks_as_in_whatsapp_and_is_only_text(
    page: Page, hands: demo.Hands
) -> None:
    text = (
        "*bold* _italic_ ~gone~ `code` 2*3*4 snake_case_name\n- one\n- two\n> quoted\n"
        "```let x = '*';```\n<img src=x onerror=alert(1)> see https://example.org/a_b_c."
    )
    hands.do("say", hands.owner, hands.alice, text=text)
    seen = bubble(page, hands.alice, "quoted").locator(".text")
    for name, content in (
        ("strong", "bold"),
        ("em", "italic"),
        ("s", "gone"),
        ("p > code", "code"),
        ("li >> nth=1", "two"),
        ("blockquote", "quoted"),
        ("pre", "let x = '*';"),
        ("a", "https://example.org/a_b_c"),
    ):
        expect(seen.locator(name)).to_have_text(content)
    expect(seen).to_contain_text("2*3*4 snake_case_name")
    expect(seen).to_contain_text("<img src=x onerror=alert(1)>")
    assert seen.locator("img").count() == 0
    handset(page, hands.alice).get_by_role("button", name="Back").click()
    row = handset(page, hands.alice).locator(f'[data-with="{hands.owner.number}"]')
    expect(row).to_contain_text("bold italic gone code 2*3*4 snake_case_name")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.id)
def test_everything_can_be_attached(page: Page, hands: demo.Hands, sample) -> None:
    open_chat(page, hands.owner, hands.alice)
    handset(page, hands.alice).get_by_role("button", name="Attach").click()
    page.locator("#attachments").get_by_role("button", name=sample.title, exact=True).click()
    for phone in (hands.alice, hands.owner):
        [message] = [handset(page, phone).locator(".bubble .matter")]
        expect(message).to_be_visible()
        if picture := message.locator("img").all():
            page.wait_for_function(
                "image => image.naturalWidth > 0", arg=picture[0].element_handle()
            )


def test_a_file_of_one_s_own(page: Page, hands: demo.Hands, tmp_path) -> None:
    (tmp_path / "menu.txt").write_text("Soup")
    handset(page, hands.alice).get_by_role("button", name="Attach").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="A file of yours").click()
    chooser.value.set_files(tmp_path / "menu.txt")
    link = handset(page, hands.alice).get_by_role("link", name="menu.txt")
    with page.expect_download() as download:
        link.click()
    assert download.value.path().read_text() == "Soup"


def test_unread_messages_are_counted_until_the_chat_is_opened(
    page: Page, hands: demo.Hands
) -> None:
    for text in ("one", "two"):
        hands.do("say", hands.bob, hands.alice, text=text)
    handset(page, hands.alice).get_by_role("button", name="Back").click()
    row = handset(page, hands.alice).locator(f'[data-with="{hands.bob.number}"]')
    expect(row.get_by_label("2 unread")).to_be_visible()
    assert {message["tick"] for message in hands.shown(hands.bob)} == {"delivered"}
    row.click()
    open_chat(page, hands.bob, hands.alice)
    expect(bubble(page, hands.bob, "two").get_by_role("img", name="Read")).to_be_visible()
    expect(bubble(page, hands.bob, "one").get_by_role("img", name="Read")).to_be_visible()


def test_what_is_typed_waits_in_its_chat(page: Page, hands: demo.Hands) -> None:
    field(page, hands.alice).fill("Not sent yet")
    open_chat(page, hands.alice, hands.bob)
    expect(field(page, hands.alice)).to_have_value("")
    hands.do("say", hands.owner, hands.alice, text="Are you there?")
    open_chat(page, hands.alice, hands.owner)
    expect(field(page, hands.alice)).to_have_value("Not sent yet")
    hands.do("rename", hands.owner, name="The shop")
    expect(handset(page, hands.alice).get_by_role("heading", name="The shop")).to_be_visible()
    expect(field(page, hands.alice)).to_have_value("Not sent yet")


def test_flight_mode(page: Page, hands: demo.Hands) -> None:
    open_chat(page, hands.owner, hands.alice)
    alice = handset(page, hands.alice)
    alice.get_by_role("button", name="Flight mode").click()
    expect(alice.get_by_text("messages wait until it is off")).to_be_visible()
    field(page, hands.alice).fill("From the clouds")
    field(page, hands.alice).press("Enter")
    waiting = alice.get_by_role("img", name="Waiting for the network")
    expect(waiting).to_be_visible()
    expect(bubble(page, hands.owner, "From the clouds")).to_have_count(0)
    alice.get_by_role("button", name="Flight mode").click()
    expect(bubble(page, hands.owner, "From the clouds")).to_be_visible()
    expect(waiting).to_have_count(0)


def test_a_phone_is_renamed_and_hides_its_number(page: Page, hands: demo.Hands) -> None:
    bob = handset(page, hands.bob)
    bob.get_by_role("button", name="This phone").click()
    bob.get_by_label("Name that others see").fill("Robert")
    bob.get_by_role("button", name="Rename").click()
    expect(bob.get_by_role("heading", level=2)).to_contain_text("Robert")
    bob.get_by_label("Others see its messages under").select_option("lid_only")
    page.wait_for_function(
        "async number => (await import('/static/store.js')).phone(number).addressing == 'lid_only'",
        arg=hands.bob.number,
    )
    assert hands.bob.addressing == "lid_only"


def test_one_more_phone(page: Page, hands: demo.Hands) -> None:
    form = page.locator("#newcomer")
    form.get_by_label("Number").fill("+1 555-000-2001")
    form.get_by_label("Name").fill("Carla")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_text("There is a phone with +15550002001 already")).to_be_visible()
    expect(form.get_by_label("Name")).to_have_value("Carla")
    form.get_by_label("Number").fill("+1 555-000-2003")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("region", name="Carla’s phone")).to_be_visible()
    expect(form.get_by_label("Name")).to_have_value("")


def test_faults_show_while_they_last(page: Page, hands: demo.Hands) -> None:
    normal = page.get_by_role("button", name="Back to normal")
    expect(normal).to_be_hidden()
    for name in ("Slow network", "Ask for a passkey"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    assert set(hands.world.faults()) == {"slow", "passkey"}
    page.get_by_role("button", name="Slow network").click()
    expect(page.get_by_role("button", name="Slow network")).to_have_attribute(
        "aria-pressed", "false"
    )
    normal.click()
    expect(normal).to_be_hidden()
    assert hands.world.faults() == []


def test_without_a_code_in_the_panel_scanning_says_what_to_do(
    page: Page, hands: demo.Hands
) -> None:
    owner = handset(page, hands.owner)
    owner.get_by_role("button", name="Scan the QR code").click()
    expect(owner.get_by_text("The panel shows no QR code. Open its WhatsApp page")).to_be_visible()


def test_the_wire_is_not_watched_before_one_asks(desk: Desk, page: Page) -> None:
    def asked() -> bool:
        return any("/wire?" in url for url in desk.requests)

    assert not asked()
    with page.expect_response(re.compile("/wire")):
        page.get_by_role("button", name="Show").click()
    assert asked()


def test_the_first_steps_lead_to_the_place(page: Page, hands: demo.Hands) -> None:
    steps = page.get_by_role("region", name="First steps")
    expect(steps.get_by_role("listitem")).to_have_count(3)
    open_chat(page, hands.alice, hands.bob)
    steps.get_by_role("button", name="from Alice’s phone").click()
    expect(field(page, hands.alice)).to_have_value("Hello! What can you do?")
    expect(field(page, hands.alice)).to_be_focused()
    steps.get_by_role("button", name="Hide the first steps").click()
    page.reload()
    page.locator(".handset").nth(2).wait_for()
    expect(steps).to_be_hidden()


def test_on_a_small_screen_there_is_one_phone_at_a_time(desk: Desk, hands: demo.Hands) -> None:
    page = desk.open(viewport={"width": 390, "height": 844}, has_touch=True)
    expect(handset(page, hands.alice)).to_be_visible()
    expect(handset(page, hands.bob)).to_be_hidden()
    hands.do("say", hands.alice, hands.bob, text="Hi Bob")
    tabs = page.get_by_role("navigation", name="What to show")
    tabs.get_by_role("button", name="Bob").click()
    expect(handset(page, hands.bob)).to_be_visible()
    expect(handset(page, hands.alice)).to_be_hidden()
    assert hands.shown(hands.alice)[0]["tick"] == "delivered"
    open_chat(page, hands.bob, hands.alice)
    expect(bubble(page, hands.bob, "Hi Bob")).to_be_visible()
    tabs.get_by_role("button", name="Faults").click()
    expect(page.get_by_role("heading", name="What can go wrong")).to_be_visible()
    expect(handset(page, hands.bob)).to_be_hidden()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_readable_and_labelled(desk: Desk, hands: demo.Hands, width: int) -> None:
    hands.do("say", hands.alice, hands.owner, text="*Hello* `code` https://example.org/")
    hands.do("say", hands.owner, hands.alice, text="> Yes\nplease", message=first(hands))
    hands.do("react", hands.owner, hands.alice, message=first(hands), text="👍")
    for sample in SAMPLES:
        hands.do("attach", hands.alice, hands.owner, sample=sample.id)
    hands.do("fault", hands.alice, fault="slow")
    size = {"width": width, "height": 844}
    page = desk.open(viewport=size)
    inspect(page)
    page.get_by_role("button", name="Reply, react and more").first.press("Enter")
    inspect(page)
    page.keyboard.press("Escape")
    for view in ("Back", "This phone", "Linked devices"):
        handset(page, hands.alice).get_by_role("button", name=view, exact=True).first.click()
        inspect(page)
    if width == 390:
        page.get_by_role("button", name="Faults").click()
        inspect(page)


def first(hands: demo.Hands) -> object:
    return hands.shown(hands.alice)[0]["id"]


def inspect(page: Page) -> None:
    for theme in show_themes(page):
        assert run_axe(page) == [], theme
