"""What OLX's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from placard import bootstrap
from tests.unit.portals.olx.door import Door


@pytest.fixture
def door() -> Iterator[Door]:
    yield Door()
    bootstrap.use()
