"""What Casita's author writes outside its folder, for as long as a test lasts: one line of the registry, two of the channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from placard.domain.channels import CHANNEL_OF, PROVIDER_OF
from placard.portals.registry import PROVIDERS, Parts

PROVIDER = "casita"


@contextmanager
def plugged_in() -> Iterator[None]:
    """The hub with a fourth provider."""
    parts = Parts("tests.portals.casita", "CasitaPublisher", "CasitaRenderer", receiver="CasitaReceiver")
    with pytest.MonkeyPatch.context() as lines:
        lines.setitem(PROVIDERS, PROVIDER, parts)
        lines.setitem(CHANNEL_OF, "CASITA", "casita")
        lines.setitem(PROVIDER_OF, "casita", PROVIDER)
        yield
