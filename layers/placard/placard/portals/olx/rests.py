"""A credential that OLX has refused rests (contracts/olx.md §6): "stop the account", "stop all calls of the app".

The note of it stands in the vault inside the refused secret, so that every instance learns of it with the credential itself,
and whoever stores another one ends the rest by that alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import NamedTuple

from placard.domain.causes import Cause
from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError, StoreUnavailableError
from placard.domain.ids import content_hash
from placard.domain.instants import HOUR, to_text
from placard.domain.problems import Problem
from placard.portals.reading import as_number, as_object
from placard.ports import Clock, Credentials, Secret

logger = logging.getLogger(__name__)

# How long nothing is tried: the portal may change its mind without a new credential.
REST = HOUR
NOTE = "refused"


class Credential(NamedTuple):
    """What OLX may refuse: the members that make it the one it is, and what the CRM is told meanwhile."""

    members: tuple[str, ...]
    problem: Problem


APP = Credential(
    ("api_key", "client_id", "client_secret"),
    Problem.of(Cause.APP_REFUSED, portal="OLX"),
)
CONSENT = Credential(("refresh_token",), Problem.of(Cause.CONSENT_REVOKED))


@dataclass(frozen=True, slots=True)
class Rests:
    """Reads secrets that may rest, and begins their rests. `scale` shortens the rest in the sandbox."""

    credentials: Credentials
    clock: Clock
    scale: float = 1.0

    def read(self, name: str, kind: Credential, *, fresh: bool = False) -> Secret | None:
        """Return a secret; CredentialsError while it rests. A rest is never believed from the cache: one look ends it."""
        secret = self.credentials.read(name, fresh=fresh)
        if not fresh and self._is_resting(secret, kind):
            secret = self.credentials.read(name, fresh=True)
        if self._is_resting(secret, kind):
            raise CredentialsError(kind.problem)
        return secret

    def begin(self, name: str, kind: Credential, refused: Secret, status: int) -> PortalError:
        """Note that this very secret was refused and return the error to raise.

        Where somebody replaced it meanwhile the refusal says nothing about the new one: the call is made again.
        """
        until = self.clock.now() + int(REST * self.scale)
        note = {"until": until, "of": _fingerprint(refused, kind)}
        error = CredentialsError(kind.problem, status_code=status)
        try:
            if self.credentials.write(name, {**refused.value, NOTE: note}, refused.version):
                told = {"credential": name, "problem": kind.problem.code, "status": status, "until": to_text(until)}
                logger.error("OLX refuses a credential", extra=told)
                return error
            present = self.credentials.read(name, fresh=True)
        except StoreUnavailableError:
            # The next call is refused too and notes it then.
            logger.warning("a refused credential could not be noted", extra={"credential": name})
            return error
        if self._is_resting(present, kind):
            return error
        return PortalUnavailableError("the credential was replaced while it was used", taken=False, status_code=status)

    def _is_resting(self, secret: Secret | None, kind: Credential) -> bool:
        if secret is None:
            return False
        note = as_object(secret.value.get(NOTE))
        until = as_number(note.get("until"))
        return until is not None and self.clock.now() < until and note.get("of") == _fingerprint(secret, kind)


def _fingerprint(secret: Secret, kind: Credential) -> str:
    """Return what tells a credential from the one that takes its place."""
    return content_hash({member: secret.value.get(member) for member in kind.members})
