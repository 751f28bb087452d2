"""docs/api.html in a browser, opened as the file it is: it shows every call and shape, finds what is sought, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from playwright.sync_api import expect

from tests.chromium import ConsolePage, console_page, running_chromium
from tests.template import ROOT

PAGE = ROOT / "docs/api.html"
DESCRIPTION = yaml.safe_load((ROOT / "openapi.yaml").read_text())
OPERATIONS = [one for item in DESCRIPTION["paths"].values() for one in item.values() if "operationId" in one]


@pytest.fixture(scope="module")
def tab() -> Iterator[ConsolePage]:
    with running_chromium() as browser, console_page(browser) as tab:
        yield tab


def test_the_page_shows_everything_and_finds_it(tab: ConsolePage) -> None:
    page, asked = tab.page, []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(PAGE.as_uri())
    names = {one["operationId"] for one in OPERATIONS} | set(DESCRIPTION["components"]["schemas"])
    assert {section.get_attribute("id") for section in page.locator("main section").all()} == names
    assert asked == [PAGE.as_uri()]
    text = page.locator("main").inner_text()
    assert "[object" not in text
    assert "undefined" not in text
    for one in OPERATIONS:
        assert one["summary"] in text

    post = page.locator("#postClassified")
    for shown in ("Idempotency-Key", "required", '"offererEstateId": "ag12-000331"', "202", "422", "placard/write"):
        expect(post).to_contain_text(shown)
    expect(page.locator("#putWebhook")).to_contain_text("webhook-signature")
    post.get_by_role("link", name="Classified", exact=True).first.click()
    expect(page.locator("#Classified")).to_be_in_viewport()
    expect(page.locator("#Classified")).to_contain_text("distributionType")

    page.keyboard.press("/")
    page.keyboard.type("rotate secret")
    expect(page.locator("main section:visible")).to_have_count(1)
    expect(page.locator("#rotateSecret")).to_be_visible()
    expect(page.locator("#count")).to_have_text(f"1 of {len(names)}")
    page.keyboard.press("Escape")
    expect(page.locator("main section:visible")).to_have_count(len(names))


def test_the_page_is_for_everybody(tab: ConsolePage) -> None:
    tab.page.goto(PAGE.as_uri())
    tab.page.get_by_label("Search").fill("webhook")  # some calls, with all that a call may have: axe takes long for all
    assert tab.find_barriers() == []
