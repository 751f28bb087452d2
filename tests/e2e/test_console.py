"""The console on the running hub: from the sandbox's one click to why a listing is not live, and to its second try."""

from typing import Any

from playwright.sync_api import expect

from sandbox.console import sign_in_address
from sandbox.crm import Crm
from tests.chromium import console_page, running_chromium
from tests.e2e.world import Listing, Simulator

REFUSED = {"kind": "status", "match": {"method": "POST", "path": "^/advert/v1$"}, "times": 1, "status": 400}


def test_why_a_listing_is_not_live_and_its_second_try(crm: Crm, olx: Simulator, hub: dict[str, Any]) -> None:
    olx.switch("POST", "faults", {**REFUSED, "body": {"message": "The description is too short"}})
    listing = Listing(crm, portals=["IMOVIRTUAL"])
    problem = listing.await_end()["IMOVIRTUAL"]["problem"]
    french = crm.send(
        "GET", f"/classifieds/{listing.id}/statuses?filter=latest", headers={"Accept-Language": "fr"}
    ).json()["items"][0]["problem"]
    reference = listing.body["data"]["metaData"]["source"]["offererEstateId"]
    with running_chromium() as browser, console_page(browser) as console:
        page = console.page
        page.goto(sign_in_address(hub))
        console.await_listings()
        # What the first page has is what failed; others of this hub may stand beside it.
        page.locator("#healths [data-health=problem]").click()
        page.locator("#search").fill(reference)
        expect(console.row(reference).locator(".hint")).to_contain_text(problem["hint"])
        console.open(reference)
        card = console.card("Imovirtual")
        expect(card).to_contain_text(problem["detail"])
        console.speak("fr")
        expect(card).to_contain_text(french["hint"])
        console.speak("en")
        page.locator("#healths [data-health='']").click()
        page.reload()
        card.get_by_role("button", name="Try again on Imovirtual").click()
        expect(card).to_contain_text("visible to buyers")
        card.get_by_role("button", name="Take offline on Imovirtual").click()
        page.get_by_role("dialog").get_by_role("button", name="Take offline").click()
        expect(card).to_contain_text("paused")
        card.get_by_role("button", name="Bring online on Imovirtual").click()
        expect(card).to_contain_text("visible to buyers")
        console.panel.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Refresh").click()
        page.locator("#search").fill(reference)
        expect(console.row(reference).locator(".portal")).to_contain_text(["Live"])
    assert {entry["status"] for entry in listing.list_applied()} >= {"CREATING_FAILED", "CREATED", "UPDATED"}


def test_the_page_needs_no_token_and_the_data_does(hub: dict[str, Any], crm: Crm) -> None:
    anonymous = {"Authorization": None}
    for path in ("/console", "/console/main.js", "/console/settings.json"):
        answer = crm.send("GET", path, headers=anonymous)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        again = crm.send("GET", path, headers=anonymous | {"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert crm.send("GET", "/console/app.py", headers=anonymous).status_code == 404
    assert crm.send("GET", "/publications", headers=anonymous).status_code == 401
