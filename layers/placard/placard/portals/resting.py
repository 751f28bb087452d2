"""A credential that a portal refused rests: it is not tried again for an hour, unless it is replaced (contracts/*.md).

The note of it lies in the vault, inside the refused secret or in place of the token that was got with it, so that every
instance learns of it with what it reads anyway, and each listing meanwhile ends with the same problem and without a call.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from placard.domain.errors import CredentialsError, PortalError, PortalUnavailableError, StoreUnavailableError
from placard.domain.hashes import content_hash
from placard.domain.instants import HOUR, MINUTE, to_text
from placard.domain.messages import Secret
from placard.domain.problems import CATALOGUE, Problem
from placard.portals.reading import as_number, as_object, as_text
from placard.ports import Clock, Credentials

logger = logging.getLogger(__name__)

# A DELETE that was refused is tried again an hour later (lifecycle §1): a minute less than that, or the try would meet the
# rest that its predecessor began and be no try at all.
REST = HOUR - MINUTE
# The note's member in a secret.
NOTE = "refused"


# --- the note --------------------------------------------------------------------------------------------------------


def note_refusal(problem: Problem, of: Mapping[str, Any], now: int, scale: float = 1.0) -> dict[str, Any]:
    """Return what the vault keeps of a refusal. `of` is what tells the thing refused from whatever takes its place."""
    until = now + int(REST * scale)
    return {"code": problem.code, "detail": problem.detail, "of": content_hash(of), "until": until}


def find_refusal(note: Any, of: Mapping[str, Any], now: int) -> Problem | None:
    """Return why it rests, None where it may be tried."""
    kept = as_object(note)
    code, until = as_text(kept.get("code")), as_number(kept.get("until"))
    if code not in CATALOGUE or until is None or now >= until or kept.get("of") != content_hash(of):
        return None
    return Problem.quote(code, as_text(kept.get("detail")))


def without_note(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a secret's members but for the note."""
    return {member: kept for member, kept in value.items() if member != NOTE}


# --- the vault -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credential:
    """What a portal may refuse.

    `name` is the secret that carries the note. `parts` are the secrets and members that make the credential the one it is;
    where the carrier is none of them it holds what was got with it, a token, which is dropped with the refusal. `context`
    is what else tells it from the next.
    """

    name: str
    parts: Mapping[str, tuple[str, ...]]
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """A credential as it was read, for a call and for the refusal of that call: its carrier, and what makes it the one it is."""

    credential: Credential
    secret: Secret | None
    of: Mapping[str, Any]

    @property
    def value(self) -> Mapping[str, Any]:
        """The carrier's members, the note among them."""
        return {} if self.secret is None else self.secret.value

    @property
    def version(self) -> int:
        """The carrier's version."""
        return 0 if self.secret is None else self.secret.version


@dataclass(frozen=True, slots=True)
class Rests:
    """Reads one portal's credentials, which may rest, and begins their rests. `scale` shortens these in the sandbox."""

    portal: str
    credentials: Credentials
    clock: Clock
    scale: float = 1.0

    def hold(self, credential: Credential, *, fresh: bool = False) -> Held:
        """Return a credential, whether it rests or not."""
        names = {credential.name, *credential.parts}
        secrets = {name: self.credentials.read(name, fresh=fresh) for name in names}
        values = {name: {} if secret is None else secret.value for name, secret in secrets.items()}
        parts = {
            name: {member: values[name].get(member) for member in members} for name, members in credential.parts.items()
        }
        return Held(credential, secrets[credential.name], {"parts": parts, "context": dict(credential.context)})

    def take(self, credential: Credential, *, fresh: bool = False) -> Held:
        """Return a credential to call with; CredentialsError while it rests.

        A rest is never believed from the cache, so that a replacement ends it for every instance at its next look.
        """
        held = self.hold(credential, fresh=fresh)
        if not fresh and self._find(held) is not None:
            held = self.hold(credential, fresh=True)
        problem = self._find(held)
        if problem is not None:
            raise CredentialsError(problem)
        return held

    def begin(self, held: Held, error: CredentialsError) -> PortalError:
        """Note that this very credential was refused and return the error to raise.

        Where somebody replaced it meanwhile the refusal says nothing about the new one: the call is made again.
        """
        credential = held.credential
        note = note_refusal(error.problem, held.of, self.clock.now(), self.scale)
        value = held.value if credential.name in credential.parts else {}
        try:
            noted = self.credentials.write(credential.name, {**value, NOTE: note}, held.version)
            present = self.hold(credential, fresh=True)
        except StoreUnavailableError:
            # The next call is refused too and notes it then.
            logger.warning("a refused credential could not be noted", extra={"credential": credential.name})
            return error
        if noted and present.of == held.of:
            told = {"credential": credential.name, "problem": error.problem.code, "status": error.status_code}
            logger.error("%s refuses a credential", self.portal, extra={**told, "until": to_text(note["until"])})
            return error
        return error if self._find(present) is not None else _replaced(error)

    def begin_of_token(self, credential: Credential, token: str, error: CredentialsError) -> PortalError:
        """Do the same where what was refused is the access token got with the credential and kept in its carrier."""
        held = self.take(credential, fresh=True)
        return self.begin(held, error) if held.value.get("access_token") == token else _replaced(error)

    def _find(self, held: Held) -> Problem | None:
        return find_refusal(held.value.get(NOTE), held.of, self.clock.now())


def _replaced(error: CredentialsError) -> PortalUnavailableError:
    text = "the credential was replaced while it was used"
    return PortalUnavailableError(text, taken=False, status_code=error.status_code)
