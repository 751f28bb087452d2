"""The console's pictures for the documentation: an agency's morning. SCREENSHOTS=1 writes them to docs/screenshots."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from placard.domain.events import AdvertState
from placard.domain.instants import to_text
from placard.domain.lifecycle import Word
from placard.domain.problems import CATALOGUE, Problem
from tests.chromium import console_page
from tests.integration.console.hub import TOKEN, Hub

TITLES = (
    "Duplex avec terrasse, Croix-Rousse",
    "T2 rénové, centre historique",
    "Maison de ville avec jardin",
    "Studio meublé, quartier des facultés",
    "Appartement T4, vue sur le parc",
    "Loft dans ancienne soierie",
    "Villa contemporaine avec piscine",
    "T3 lumineux, dernier étage",
)
PORTALS = ("SL", "BD", "IMOVIRTUAL", "SPOTAHOME")
LIVE, ABSENT, PENDING = AdvertState.LIVE, AdvertState.ABSENT, AdvertState.PENDING
REJECTED, EXPIRED = AdvertState.REJECTED, AdvertState.EXPIRED
PRICE = "/data/prices/buy/price/amount"
SAID = (
    ("2041", "BD", Word.CREATING_FAILED, ABSENT, Problem("invalid_field", "Below what Belles Demeures takes", PRICE)),
    ("2043", "SPOTAHOME", Word.CREATING, PENDING, Problem.quote("manual_step", "Photos and texts are entered there")),
    ("2044", "IMOVIRTUAL", Word.CREATED, REJECTED, Problem.quote("moderated", "The same advert is published twice")),
    ("2046", "IMOVIRTUAL", Word.CREATED, EXPIRED, Problem.quote("expired", "The advert ran out on 1 January")),
    ("2047", "SL", Word.UPDATING_FAILED, LIVE, Problem.quote("portal_unavailable", "No answer since 11:32")),
)


def publish_morning(hub: Hub) -> None:
    for number, title in enumerate(TITLES):
        hub.clock.advance(7 * 60_000)
        hub.publish(f"{2040 + number}", title, PORTALS)
    by_reference = {one.offerer_estate_id: one.classified_id for one in hub.listings()}
    for reference, portal, word, state, problem in SAID:
        hub.clock.advance(11 * 60_000)
        hub.say(by_reference[reference], portal, word, state, problem, message=f"Not live: {problem.detail}")
    hub.say(by_reference["2045"], "SL", Word.UPDATING, LIVE)


@pytest.mark.parametrize(("scheme", "language"), [("light", "en"), ("dark", "fr")])
def test_within_a_minute_a_reader_knows_why(hub: Hub, chromium: Browser, scheme: str, language: str) -> None:
    """Nothing is clicked but the first line of the board."""
    publish_morning(hub)
    viewport = {"width": 1280, "height": 720}
    with console_page(chromium, color_scheme=scheme, locale=language, viewport=viewport, timezone_id="UTC") as console:
        console.page.clock.set_fixed_time(to_text(hub.clock.now()))
        console.sign_in(hub.url, TOKEN)
        console.shoot(f"board-{scheme}")
        console.rows.first.click()
        console.await_panel()
        card = console.card("SeLoger")
        expect(card).to_contain_text("No answer since 11:32")
        expect(card).to_contain_text(CATALOGUE["portal_unavailable"].hint(language))
        console.shoot(f"listing-{scheme}")
