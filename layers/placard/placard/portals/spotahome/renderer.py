"""What Spotahome would be sent: nothing, and why."""

from __future__ import annotations

from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.ports import Credentials

NOT_YET = Problem.of(Cause.NO_PUBLISHING_YET, portal="Spotahome")


class SpotahomeRenderer:
    """Finds every classified impossible to publish."""

    def __init__(self, credentials: Credentials) -> None:
        """Take what every renderer is given."""

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return nothing to send and why."""
        portals = classified.portals_on(channel)
        return Rendering({}, dict.fromkeys(portals, ""), dict.fromkeys(portals, (NOT_YET,)))

    def check_account(self, classified: Classified, channel: str) -> None:
        """Raise nothing: no account would help."""
