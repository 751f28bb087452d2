"""A headless Chromium for the tests of the console, and the console as a person uses it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".venv-browser"
OWN = FOLDER / "chromium"
SCREENSHOTS = ROOT / "docs" / "screenshots"
PATIENCE_MS = 60_000
# No sandbox: it needs rights that a container's root has not. Nothing but our own page is shown. The rest: no calls home.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"]

expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start the Chromium that `make setup` fetched for the tests, or the one that CHROMIUM names."""
    chosen = os.environ.get("CHROMIUM")
    environment: dict[str, str | float | bool] = {**os.environ}
    if chosen is None:
        if sys.platform != "linux" or platform.machine() != "x86_64":
            raise RuntimeError("The tests' own Chromium is for Linux on x86-64: name another with CHROMIUM=<path>.")
        chosen = str(OWN / "chromium")
        environment |= {"FONTCONFIG_PATH": str(OWN / "fonts"), "LD_LIBRARY_PATH": str(OWN / "al2023" / "lib")}
    if not Path(chosen).exists():
        raise RuntimeError(f"{chosen} is missing: run `make .venv-browser/.ready` first.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen, args=ARGUMENTS, env=environment)
        yield browser
        browser.close()


@contextmanager
def console_page(browser: Browser, **context: Any) -> Iterator[ConsolePage]:
    """A tab of its own, whose scripts and policy must not complain; `context` is Playwright's."""
    options = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"} | context
    with browser.new_context(**options) as tab:
        tab.set_default_timeout(PATIENCE_MS)
        console = ConsolePage(tab.new_page())
        yield console
        assert not console.complaints


class ConsolePage:
    """The console by what a person sees there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)
        page.on("dialog", lambda dialog: self.complaints.append(f"a dialog: {dialog.message}"))

    def _note(self, message: Any) -> None:
        # A refused request is told as an error too; whether one was expected is the test's business.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def sign_in(self, url: str, token: str) -> None:
        """Come with a token in the address, and wait until all listings are read."""
        self.page.goto(f"{url}/console#token={token}")
        self.await_listings()

    def await_listings(self) -> None:
        """Wait until the console says how many listings there are."""
        expect(self.page.locator("#count")).to_contain_text(" of " if self.language == "en" else " sur ")

    @property
    def language(self) -> str:
        return str(self.page.evaluate("document.documentElement.lang"))

    @property
    def rows(self) -> Locator:
        """The rows that are elements now, in the order of the list."""
        return self.page.locator("#grid-body [role=row]")

    def row(self, reference: str) -> Locator:
        return self.rows.filter(has=self.page.get_by_text(reference, exact=True))

    def references(self) -> list[str]:
        return self.page.locator("#grid-body .reference").all_inner_texts()

    def open(self, reference: str) -> Locator:
        """Open a listing and return its panel, once read."""
        self.row(reference).click()
        return self.await_panel()

    def await_panel(self) -> Locator:
        """Wait until the panel beside the board shows its timeline."""
        expect(self.panel.locator(".timeline")).to_be_visible()
        return self.panel

    @property
    def panel(self) -> Locator:
        return self.page.locator("#listing")

    def card(self, portal: str) -> Locator:
        """What the panel says of one portal."""
        return self.panel.get_by_role("region", name=portal)

    def speak(self, language: str) -> None:
        """Choose a language, which keeps the focus where it is."""
        self.page.locator("#language").focus()
        self.page.locator("#language").select_option(language)
        expect(self.page.locator("html")).to_have_attribute("lang", language)
        self.await_listings()
        expect(self.page.locator("#language")).to_be_focused()

    def find_barriers(self) -> list[str]:
        """What axe-core holds against the page: WCAG 2.2 AA and its best practices."""
        # Through the debugger, which the page's policy does not bind.
        self.page.evaluate((FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text())
        found = self.page.evaluate("axe.run(document)")
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]

    def shoot(self, name: str) -> None:
        """Keep a picture for the documentation, when SCREENSHOTS asks for it."""
        if os.environ.get("SCREENSHOTS"):
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
