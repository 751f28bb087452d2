"""What AVIV would be sent, and whether there is an account to send it with: known without a call."""

from __future__ import annotations

from placard.domain.classified import Classified
from placard.domain.policy import Rendering
from placard.portals.aviv import mapping
from placard.portals.aviv.accounts import read_account
from placard.portals.aviv.rules import read_rules
from placard.ports import Credentials


class AvivRenderer:
    """Renders for AVIV's portals. `rules` is the JSON text of AVIV_RULES; RulesError where it cannot be read."""

    def __init__(self, credentials: Credentials, *, rules: str = "{}") -> None:
        self._credentials, self._rules = credentials, rules

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the classified as AVIV takes it."""
        return mapping.render(classified, channel, read_rules(self._rules))

    def check_account(self, classified: Classified, channel: str) -> None:
        """Raise CredentialsError unless the agency has its one account: one secret."""
        read_account(self._credentials, classified.customer)
