"""What Spotahome would be sent, and whether there is an account to send it with: known without a call."""

from __future__ import annotations

from placard.domain.classified import Classified
from placard.domain.policy import Rendering
from placard.portals.reading import as_text, look_up
from placard.portals.spotahome import mapping
from placard.portals.spotahome.accounts import NAMED, Account, choose_account, owner_of
from placard.ports import Credentials


class SpotahomeRenderer:
    """Renders for Spotahome."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the classified as Spotahome's property, and what its closed lists refuse."""
        return mapping.render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """Raise CredentialsError unless one of the agency's accounts is the listing's and the property has an owner."""
        owner_of(self._account_of(classified), mapping.build_payload(classified.body))

    def _account_of(self, classified: Classified) -> Account:
        return choose_account(self._credentials, classified.customer, as_text(look_up(classified.body, NAMED)))
