"""One Chromium for all tests of the console; each has a hub in memory and a tab of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.chromium import ConsolePage, console_page, running_chromium
from tests.integration.console.hub import Hub, running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running() as hub:
        yield hub


@pytest.fixture
def console(chromium: Browser) -> Iterator[ConsolePage]:
    with console_page(chromium) as console:
        yield console
