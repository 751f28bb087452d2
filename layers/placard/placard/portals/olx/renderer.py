"""What an OLX site would be sent, and whether there is an account to send it with: known without a call."""

from __future__ import annotations

from placard.domain.classified import Classified
from placard.domain.policy import Rendering
from placard.portals.olx import mapping
from placard.portals.olx.accounts import ambiguous, choose_account, list_accounts
from placard.ports import Credentials


class OlxRenderer:
    """Renders for the OLX Group's sites."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the advert for one site."""
        return mapping.render(classified, channel)

    def check_account(self, classified: Classified, channel: str) -> None:
        """Raise CredentialsError unless one of the site's accounts is the listing's: one secret."""
        accounts = list_accounts(self._credentials, classified.customer, channel)
        if choose_account(classified, channel, accounts) is None:
            raise ambiguous(channel)
