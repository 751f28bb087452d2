"""Casita, the made-up provider, beside the real ones."""

from collections.abc import Iterator

import pytest

from tests.portals.casita.lines import plugged_in


@pytest.fixture(scope="module")
def casita() -> Iterator[None]:
    """The registry and the channel table know Casita while a module's tests run."""
    with plugged_in():
        yield
