"""What the hub does at Spotahome today: nothing, and it tells the CRM at once instead of leaving it to wait."""

from __future__ import annotations

from placard.domain.answers import Answer
from placard.domain.classified import Classified
from placard.domain.errors import UnsupportedOperationError
from placard.domain.events import PortalEvent
from placard.portals.spotahome.renderer import NOT_YET, SpotahomeRenderer
from placard.ports import Call, Clock, Credentials, Question


class SpotahomePublisher(SpotahomeRenderer):
    """Finds every classified impossible to publish, so that its portal ends `CREATING_FAILED` with the reason."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        """Take what every publisher is given."""
        super().__init__(credentials)

    def send(self, call: Call) -> Answer:
        """Never called: no rendering of ours passes."""
        raise UnsupportedOperationError(NOT_YET.detail)

    def read(self, question: Question) -> tuple[PortalEvent, ...]:
        """Return nothing: no advert of ours is there."""
        return ()

    def search(self, classified: Classified, channel: str) -> str | None:
        """Find nothing: no advert of ours is there."""
        return None
