"""What Casita would be sent, and whether there is an account to send it with: known without a call."""

from __future__ import annotations

from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.errors import CredentialsError
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.portals.reading import as_object, as_text
from placard.ports import Credentials
from tests.portals.casita import mapping


class CasitaRenderer:
    """Renders for Casita."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def render(self, classified: Classified, channel: str) -> Rendering:
        """Return the classified as Casita's home."""
        return mapping.render(classified)

    def check_account(self, classified: Classified, channel: str) -> None:
        """Raise CredentialsError unless the agency has its one account: one secret."""
        self._key_of(classified.customer)

    def _key_of(self, customer: str) -> str:
        secret = self._credentials.read(f"casita/accounts/{customer}")
        if secret is None or not secret.value:
            raise CredentialsError(Problem.of(Cause.NO_ACCOUNT, portal="Casita"))
        key = as_text(as_object(next(iter(secret.value.values()))).get("key"))
        if key is None:
            raise CredentialsError(Problem.of(Cause.ACCOUNT_INCOMPLETE, what="key"))
        return key
