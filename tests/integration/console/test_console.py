"""The console as a support person uses it: clicked through in a browser, before the API's real handlers."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from placard.domain.events import AdvertState
from placard.domain.lifecycle import Word
from placard.domain.problems import CATALOGUE, Problem
from tests.chromium import ConsolePage, console_page
from tests.integration.console.hub import TOKEN, Hub

MISSING = Problem("missing_field", "The postcode is missing", "/data/location/postalcode")
DOWN = Problem("portal_unavailable", "Answers 503 since 09:12")
REPOST = Problem("repost_wait", "Deleted an hour ago; a new advert would be paid for again")


def publish_some(hub: Hub) -> dict[str, str]:
    """Six listings: two with a problem, one under way, one paused, two live. Their ids by their references."""
    keys = ("oldest", "unpaid", "nimes", "paused", "moving", "broken")
    ids = {key: hub.publish(key, f"Maison {key}") for key in keys}
    hub.say(ids["broken"], "SL", Word.CREATING_FAILED, AdvertState.ABSENT, MISSING)
    hub.say(ids["unpaid"], "IMOVIRTUAL", Word.UPDATING_FAILED, AdvertState.LIVE, DOWN)
    hub.say(ids["moving"], "SL", Word.UPDATING, AdvertState.LIVE)
    return ids


@pytest.fixture
def ids(hub: Hub) -> dict[str, str]:
    return publish_some(hub)


@pytest.fixture
def signed_in(hub: Hub, ids: dict[str, str], console: ConsolePage) -> ConsolePage:
    console.sign_in(hub.url, TOKEN)
    return console


def count(console: ConsolePage, health: str) -> str:
    return console.page.locator(f"#healths [data-health={health}] .number").inner_text()


# --- what is not live, and why ------------------------------------------------------------------------------------------


def test_the_failed_come_first_with_who_must_act_why_and_the_step(signed_in: ConsolePage) -> None:
    assert signed_in.references() == ["unpaid", "broken", "moving", "paused", "nimes", "oldest"]
    hint = signed_in.row("broken").locator(".hint")
    expect(hint).to_contain_text(f"Agency · {MISSING.detail}")
    expect(hint).to_contain_text(CATALOGUE["missing_field"].en)
    assert [count(signed_in, health) for health in ("problem", "pending", "live", "off")] == ["2", "1", "3", "0"]


def test_each_portal_of_a_listing_has_its_own_state(signed_in: ConsolePage) -> None:
    expect(signed_in.row("broken").locator(".portal")).to_have_text(["Problem", "Live"])
    expect(signed_in.row("unpaid").locator(".portal")).to_have_text(["Live", "Problemstill live"])
    expect(signed_in.page.get_by_role("columnheader")).to_have_text(
        ["Listing", "SeLoger", "Imovirtual", "Who must act, why, and what to do", "Changed"]
    )


def test_a_listing_says_why_it_is_not_live(signed_in: ConsolePage, ids: dict[str, str]) -> None:
    signed_in.open("broken")
    card = signed_in.card("SeLoger")
    for said in (MISSING.detail, MISSING.field or "", "Something is missing", "Agency", CATALOGUE["missing_field"].en):
        expect(card).to_contain_text(said)
    expect(signed_in.card("Imovirtual")).to_contain_text("visible to buyers")
    entry = signed_in.panel.locator(".entry").first
    expect(entry).to_contain_text("Not published")
    entry.get_by_text("Evidence", exact=True).click()
    expect(entry.locator(".evidence")).to_contain_text("the hub itself")
    raw = json.loads(entry.locator("pre").inner_text())
    assert (raw["classifiedId"], raw["problem"]["code"]) == (ids["broken"], "missing_field")


def test_everything_is_said_in_french_too(signed_in: ConsolePage) -> None:
    signed_in.open("broken")
    signed_in.speak("fr")
    expect(signed_in.row("broken").locator(".hint")).to_contain_text(CATALOGUE["missing_field"].fr)
    expect(signed_in.card("SeLoger")).to_contain_text(CATALOGUE["missing_field"].fr)
    expect(signed_in.card("SeLoger").get_by_role("button", name="Relancer sur SeLoger")).to_be_visible()
    expect(signed_in.panel).to_contain_text("Non publiée")
    expect(signed_in.page.get_by_role("heading", name="Historique")).to_be_visible()


def test_a_french_browser_is_spoken_to_in_french(hub: Hub, ids: dict[str, str], chromium: Browser) -> None:
    with console_page(chromium, locale="fr-FR") as console:
        console.sign_in(hub.url, TOKEN)
        expect(console.page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    assert {call.headers["accept-language"] for call in hub.asked("GET", "/publications")} == {"fr"}


# --- finding --------------------------------------------------------------------------------------------------------------


def test_filters_narrow_the_board(signed_in: ConsolePage) -> None:
    page = signed_in.page
    page.locator("#healths [data-health=problem]").click()
    assert signed_in.references() == ["unpaid", "broken"]
    page.locator("#actor").select_option("agency")
    assert signed_in.references() == ["broken"]
    page.locator("#actor").select_option("portal")
    assert signed_in.references() == ["unpaid"]
    page.locator("#portal").select_option("SL")
    assert signed_in.references() == []
    expect(page.locator("#nothing")).to_have_text("No listing passes these filters.")
    page.get_by_role("button", name="Clear").click()
    assert len(signed_in.references()) == 6
    page.locator("#portal").select_option("IMOVIRTUAL")
    expect(signed_in.row("broken").locator(".portal")).to_have_text(["Live"])
    expect(page.locator("#count")).to_have_text("6 of 6 listings")


@pytest.mark.parametrize("words", ["nimes", "NÎMES", "maison nimes", "lyon nimes"])
def test_a_search_needs_no_accents_and_no_order(signed_in: ConsolePage, words: str) -> None:
    signed_in.page.locator("#search").fill(words)
    assert signed_in.references() == ["nimes"]


def test_enter_opens_the_only_one_found(signed_in: ConsolePage) -> None:
    signed_in.page.locator("#search").fill("moving")
    signed_in.page.keyboard.press("Enter")
    expect(signed_in.await_panel().get_by_role("heading", name="moving")).to_be_focused()


def test_a_listing_that_has_just_been_posted_is_found_by_its_reference(signed_in: ConsolePage, hub: Hub) -> None:
    known = hub.publish("brand-new")
    signed_in.page.locator("#search").fill("brand-new")
    signed_in.page.keyboard.press("Enter")
    expect(signed_in.await_panel().get_by_role("heading", name="brand-new")).to_be_focused()
    assert signed_in.page.url.endswith(f"#listing={known}")


def test_the_address_of_a_listing_opens_it_again(signed_in: ConsolePage) -> None:
    signed_in.open("broken")
    signed_in.page.reload()
    expect(signed_in.await_panel()).to_contain_text(MISSING.detail)


# --- acting ---------------------------------------------------------------------------------------------------------------


def test_trying_again_asks_that_portal_alone_and_shows_what_comes_of_it(
    signed_in: ConsolePage, hub: Hub, ids: dict[str, str]
) -> None:
    signed_in.open("broken")
    signed_in.card("SeLoger").get_by_role("button", name="Try again on SeLoger").click()
    expect(signed_in.card("SeLoger")).to_contain_text("Received")
    (call,) = hub.asked("POST", "/retry")
    assert (call.path, json.loads(call.body)) == (f"/classifieds/{ids['broken']}/retry", {"portals": ["SL"]})
    # The panel follows what is under way by itself.
    hub.say(ids["broken"], "SL", Word.CREATED, AdvertState.LIVE)
    expect(signed_in.card("SeLoger")).to_contain_text("visible to buyers")


def test_taking_offline_is_asked_twice(signed_in: ConsolePage, hub: Hub, ids: dict[str, str]) -> None:
    signed_in.open("nimes")
    button = signed_in.card("SeLoger").get_by_role("button", name="Take offline on SeLoger")
    dialog = signed_in.page.get_by_role("dialog")
    button.click()
    expect(dialog).to_contain_text("Take this listing offline on SeLoger?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert not hub.asked("POST", "/deactivate")
    button.click()
    dialog.get_by_role("button", name="Take offline").click()
    expect(signed_in.card("SeLoger")).to_contain_text("Received")
    assert [json.loads(call.body) for call in hub.asked("POST", "/deactivate")] == [{"portals": ["SL"]}]
    hub.say(ids["nimes"], "SL", Word.UPDATED, AdvertState.PAUSED)
    signed_in.card("SeLoger").get_by_role("button", name="Bring online on SeLoger").click()
    expect(signed_in.card("SeLoger")).to_contain_text("Received")
    assert [json.loads(call.body) for call in hub.asked("POST", "/activate")] == [{"portals": ["SL"]}]


def test_a_retry_that_costs_money_is_asked_twice(signed_in: ConsolePage, hub: Hub, ids: dict[str, str]) -> None:
    hub.say(ids["nimes"], "SL", Word.RECEIVED, AdvertState.ABSENT, REPOST)
    signed_in.open("nimes")
    signed_in.card("SeLoger").get_by_role("button", name="Try again").click()
    dialog = signed_in.page.get_by_role("dialog")
    expect(dialog).to_contain_text(CATALOGUE["repost_wait"].en)
    dialog.press("Escape")
    expect(dialog).to_be_hidden()
    assert not hub.asked("POST", "/retry")


def test_all_that_failed_are_tried_again_but_where_that_costs_or_undoes_something(
    hub: Hub, ids: dict[str, str], console: ConsolePage
) -> None:
    hub.say(ids["nimes"], "SL", Word.RECEIVED, AdvertState.ABSENT, REPOST)
    hub.say(ids["oldest"], "SL", Word.CREATING_FAILED, AdvertState.ABSENT, DOWN)
    hub.say(ids["oldest"], "IMOVIRTUAL", Word.CREATED, AdvertState.WITHDRAWN, Problem.quote("removed_on_portal", None))
    console.sign_in(hub.url, TOKEN)
    console.page.get_by_role("button", name="Try the failed again (2)").click()
    console.page.get_by_role("dialog").get_by_role("button", name="Try the failed again (2)").click()
    expect(console.page.locator("#said")).to_have_text("Tried again: 2 of 2.")
    asked = {call.path.split("/")[2]: json.loads(call.body)["portals"] for call in hub.asked("POST", "/retry")}
    assert asked == {ids["unpaid"]: ["IMOVIRTUAL"], ids["oldest"]: ["SL"]}


def test_what_changes_meanwhile_shows_after_a_refresh(hub: Hub, ids: dict[str, str], console: ConsolePage) -> None:
    console.page.clock.install()
    console.sign_in(hub.url, TOKEN)
    hub.say(ids["broken"], "SL", Word.CREATED, AdvertState.LIVE)
    hub.say(ids["nimes"], "SL", Word.UPDATING_FAILED, AdvertState.LIVE, DOWN)
    console.page.clock.fast_forward(16_000)
    expect(console.row("broken").locator(".portal")).to_have_text(["Live", "Live"])
    expect(console.row("nimes").locator(".portal").first).to_contain_text("Problem")
    assert console.references()[:2] == ["nimes", "unpaid"]


# --- signing in -----------------------------------------------------------------------------------------------------------


def test_the_token_leaves_the_address_at_once_and_stays_in_the_tab(signed_in: ConsolePage, hub: Hub) -> None:
    page = signed_in.page
    assert page.url == f"{hub.url}/console"
    assert page.evaluate("history.length") <= 2
    assert TOKEN not in json.dumps(page.evaluate("({...localStorage})"))
    other = page.context.new_page()
    other.goto(f"{hub.url}/console")
    expect(other.locator("#token")).to_be_focused()
    assert not any(
        TOKEN in f"{call.path}?{call.query}" or TOKEN in call.headers.get("referer", "") for call in hub.calls
    )


def test_a_token_may_be_pasted(hub: Hub, ids: dict[str, str], console: ConsolePage) -> None:
    console.page.goto(f"{hub.url}/console")
    console.page.get_by_label("Access token").fill(f"  Bearer {TOKEN}\n")
    console.page.get_by_role("button", name="Sign in").click()
    console.await_listings()
    console.page.get_by_role("button", name="Sign out").click()
    expect(console.page.get_by_label("Access token")).to_be_focused()
    assert console.page.evaluate("({...sessionStorage})") == {}


def test_a_session_that_is_over_asks_to_sign_in_again(hub: Hub, ids: dict[str, str], console: ConsolePage) -> None:
    console.page.goto(f"{hub.url}/console#token=old")
    expect(console.page.get_by_text("Your session is over. Sign in again.")).to_be_visible()
    console.sign_in(hub.url, TOKEN)
    console.page.evaluate("sessionStorage.setItem('placard.token', 'old')")
    console.page.get_by_role("button", name="Refresh").click()
    expect(console.page.get_by_text("Your session is over. Sign in again.")).to_be_visible()
    expect(console.page.locator("#work")).to_be_hidden()


def test_another_agency_is_named_to_the_api(signed_in: ConsolePage, hub: Hub) -> None:
    signed_in.page.get_by_label("Agency", exact=True).fill("agency-9")
    signed_in.page.get_by_role("button", name="Show").click()
    expect(signed_in.page.locator("#nothing")).to_have_text("This agency has no listing yet.")
    assert hub.asked("GET", "/publications")[-1].headers["customer-id"] == "agency-9"
    signed_in.page.get_by_label("Agency", exact=True).fill("")
    signed_in.page.get_by_role("button", name="Show").click()
    expect(signed_in.row("broken")).to_be_visible()


# --- trouble --------------------------------------------------------------------------------------------------------------


def test_a_hub_that_does_not_answer_is_said_and_what_is_known_stays(signed_in: ConsolePage, hub: Hub) -> None:
    signed_in.open("broken")
    hub.broken["/classifieds"] = 500
    signed_in.card("SeLoger").get_by_role("button", name="Try again").click()
    expect(signed_in.page.locator("#alert")).to_contain_text("The hub does not answer.")
    expect(signed_in.card("SeLoger")).to_contain_text(MISSING.detail)
    hub.broken.clear()
    signed_in.card("SeLoger").get_by_role("button", name="Try again").click()
    expect(signed_in.page.locator("#alert")).to_be_hidden()
    expect(signed_in.card("SeLoger")).to_contain_text("Received")


def test_an_answer_that_asks_to_come_back_is_obeyed(hub: Hub, ids: dict[str, str], console: ConsolePage) -> None:
    hub.broken["/publications"] = 503
    console.page.goto(f"{hub.url}/console#token={TOKEN}")
    expect(console.page.locator("#alert")).to_contain_text("The hub does not answer.")
    assert len(hub.asked("GET", "/publications")) == 4
    hub.broken.clear()
    console.page.get_by_role("button", name="Refresh").click()
    expect(console.row("broken")).to_be_visible()


HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>{{7*7}}'


def test_what_listings_and_portals_say_never_becomes_markup(hub: Hub, console: ConsolePage) -> None:
    known = hub.publish('"><svg onload=alert(3)>', HOSTILE)
    said = Problem.quote("moderated", HOSTILE, "/data/<b>texts</b>")
    hub.say(
        known, "SL", Word.CREATED, AdvertState.REJECTED, said, code=HOSTILE, url="javascript:alert(4)", message=HOSTILE
    )
    console.sign_in(hub.url, TOKEN)
    expect(console.row('"><svg onload=alert(3)>').locator(".title")).to_contain_text(HOSTILE)
    panel = console.open('"><svg onload=alert(3)>')
    expect(console.card("SeLoger").locator(".detail")).to_have_text(HOSTILE)
    expect(panel.locator(".message").first).to_have_text(HOSTILE)
    panel.get_by_text("Evidence", exact=True).first.click()
    assert console.page.locator("#work img, #work script, #work b, a[href^=javascript]").count() == 0
    assert console.page.locator("#work svg:not(.sign)").count() == 0


def test_the_browser_itself_refuses_markup_and_calls_elsewhere(signed_in: ConsolePage) -> None:
    for sink in ("document.body.innerHTML = '<b>x</b>'", "document.write('x')"):
        refused = signed_in.page.evaluate(f"() => {{ try {{ {sink}; return false }} catch (error) {{ return true }} }}")
        assert refused, sink
    called = "fetch('http://127.0.0.1:9/x').then(() => 'sent', (error) => 'refused')"
    with signed_in.page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        assert signed_in.page.evaluate(called) == "refused"
    signed_in.complaints.clear()  # those refusals are what was asked for


# --- everybody can use it -------------------------------------------------------------------------------------------------


def test_a_keyboard_is_enough(signed_in: ConsolePage, hub: Hub) -> None:
    page = signed_in.page

    def focused() -> Any:
        return page.locator(":focus")

    page.keyboard.press("Tab")
    expect(focused()).to_have_text("Skip to the listings")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(focused()).to_have_attribute("data-index", "0")
    page.keyboard.press("ArrowDown")
    expect(focused()).to_contain_text("broken")
    page.keyboard.press("End")
    expect(focused()).to_contain_text("oldest")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    signed_in.await_panel()
    expect(focused()).to_have_text("broken")
    for _ in range(10):
        page.keyboard.press("Tab")
        if focused().inner_text() == "Try again":
            break
    expect(focused()).to_have_attribute("aria-label", "Try again on SeLoger")
    page.keyboard.press("Enter")
    expect(signed_in.card("SeLoger")).to_contain_text("Received")
    expect(page.locator("#said")).to_have_text("Asked for. The portal’s answer appears here.")
    assert len(hub.asked("POST", "/retry")) == 1
    page.keyboard.press("Escape")
    expect(signed_in.panel).to_be_hidden()
    expect(focused()).to_contain_text("broken")


def test_the_focus_is_to_be_seen(signed_in: ConsolePage) -> None:
    signed_in.page.keyboard.press("Tab")
    for _ in range(14):
        signed_in.page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement).outlineStyle"
        assert signed_in.page.evaluate(style) == "solid", signed_in.page.evaluate("document.activeElement.outerHTML")


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "fr")])
def test_nothing_bars_anybody(hub: Hub, ids: dict[str, str], chromium: Browser, scheme: str, language: str) -> None:
    with console_page(chromium, color_scheme=scheme, locale=language) as console:
        console.page.goto(f"{hub.url}/console")
        expect(console.page.locator("#token")).to_be_visible()
        assert console.find_barriers() == []
        console.page.goto("about:blank")
        console.sign_in(hub.url, TOKEN)
        assert console.find_barriers() == []
        console.open("broken").locator("summary").first.click()
        assert console.find_barriers() == []
        console.open("nimes").locator("button[id^=deactivate]").first.click()
        assert console.find_barriers() == []


def test_light_and_dark_follow_the_system_until_somebody_chooses(
    hub: Hub, ids: dict[str, str], chromium: Browser
) -> None:
    def ground() -> int:
        colour = console.page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgb()").split(","))

    with console_page(chromium, color_scheme="dark") as console:
        console.sign_in(hub.url, TOKEN)
        assert ground() < 150
        console.page.locator("#theme").select_option("light")
        assert ground() > 600
        console.page.reload()
        console.await_listings()
        assert ground() > 600
        console.page.locator("#theme").select_option("auto")
        console.page.emulate_media(color_scheme="light")
        assert ground() > 600


def test_a_small_screen_shows_one_thing_at_a_time(hub: Hub, ids: dict[str, str], chromium: Browser) -> None:
    with console_page(chromium, viewport={"width": 390, "height": 780}) as console:
        console.sign_in(hub.url, TOKEN)
        console.open("broken")
        box = console.panel.bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (390, 780)
        assert console.page.evaluate("document.documentElement.scrollWidth") == 390
        console.panel.get_by_role("button", name="Close").click()
        expect(console.row("broken")).to_be_focused()


# --- fast -----------------------------------------------------------------------------------------------------------------


def test_a_second_visit_fetches_nothing_anew(signed_in: ConsolePage, hub: Hub) -> None:
    statuses = []
    signed_in.page.on("response", lambda answer: statuses.append((answer.url, answer.status)))
    before = len(hub.calls)
    signed_in.page.reload()
    signed_in.await_listings()
    parts = [call for call in hub.calls[before:] if call.path.startswith("/console")]
    assert len(parts) >= 10
    assert all("if-none-match" in call.headers for call in parts)


MANY = 10_000


def test_ten_thousand_listings(hub: Hub, console: ConsolePage) -> None:
    """The failed ones are there before the others are read, and the page has as many elements as with thirty."""
    hub.publish_many(MANY)
    broken = hub.publish("broken", "Maison")
    hub.say(broken, "SL", Word.CREATING_FAILED, AdvertState.ABSENT, MISSING)
    let_go = threading.Event()
    hub.hold = lambda call: "health=live" in call.query and not let_go.wait(60)
    console.page.goto(f"{hub.url}/console#token={TOKEN}")
    expect(console.row("broken")).to_contain_text(MISSING.detail)
    expect(console.page.locator("#count")).to_contain_text("read so far")
    let_go.set()
    expect(console.page.locator("#count")).to_have_text("10,001 of 10,001 listings")
    assert len(hub.asked("GET", "/publications")) < 40
    assert console.page.locator("*").count() < 1500
    assert console.page.locator("#grid").get_attribute("aria-rowcount") == "10002"
    console.row("broken").focus()
    console.page.keyboard.press("End")
    expect(console.page.locator(":focus")).to_have_attribute("aria-rowindex", "10002")
    assert console.rows.count() < 60
    console.page.locator("#search").fill("many-4711")
    assert console.references() == ["many-4711"]
    console.page.locator("#search").fill("")
    console.page.locator("#portal").select_option("IMOVIRTUAL")
    expect(console.page.locator("#count")).to_have_text("10,001 of 10,001 listings")
