"""Which of AVIV's credentials rest (`portals.resting`): an agency's, or the hub's own (contracts/aviv.md §5, 401 and 403)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain.errors import CredentialsError, StoreUnavailableError
from placard.domain.problems import Problem
from placard.portals.aviv.accounts import APP, Account, read_account, read_app
from placard.portals.resting import find_refusal, note_refusal
from placard.ports import Clock, Credentials

logger = logging.getLogger(__name__)

# An agency's refusal lies where its token was; that of the hub's own credentials stops every agency that needs a token.
APP_REFUSAL = f"{APP}/refusal"


@dataclass(frozen=True, slots=True)
class Resting:
    """The refusals kept in the vault. `audience` is the environment; `scale` shortens waits in the sandbox."""

    audience: str
    credentials: Credentials
    clock: Clock
    scale: float = 1.0

    def find(self, customer: str) -> Problem | None:
        """Return why an agency rests, once it is sure that nobody replaced its credential this minute."""
        return self._find(customer, fresh=False) and self._find(customer, fresh=True)

    def begin(self, account: Account, error: CredentialsError) -> None:
        """Let an agency rest; its token is dropped, since it would lack what it lacks for the rest of its day."""
        self._note(account.token_path, self._describe(account), error)

    def begin_for_all(self, error: CredentialsError) -> None:
        """Let the hub's own credentials rest."""
        self._note(APP_REFUSAL, self._describe_app(), error)

    def _find(self, customer: str, *, fresh: bool) -> Problem | None:
        account, now = read_account(self.credentials, customer, fresh=fresh), self.clock.now()
        refused = {
            APP_REFUSAL: self._describe_app(fresh=fresh),
            account.token_path: self._describe(account, fresh=fresh),
        }
        for path, of in refused.items():
            stored = self.credentials.read(path, fresh=fresh)
            problem = None if stored is None else find_refusal(stored.value.get("refusal"), of, now)
            if problem is not None:
                return problem
        return None

    def _note(self, path: str, of: Mapping[str, Any], error: CredentialsError) -> None:
        note = note_refusal(error.problem, of, self.clock.now(), self.scale)
        try:
            stored = self.credentials.read(path, fresh=True)
            noted = self.credentials.write(path, {"refusal": note}, 0 if stored is None else stored.version)
        except StoreUnavailableError:
            # The next call is refused too and notes it then.
            logger.warning("a refused credential could not be noted", extra={"credential": path})
            return
        if noted:
            told = {"credential": path, "problem": error.problem.code, "status": error.status_code}
            logger.error("AVIV refuses a credential", extra=told)

    def _describe_app(self, *, fresh: bool = False) -> dict[str, Any]:
        """Return what tells the hub's own credentials in this environment from those that replace them."""
        return {"audience": self.audience, "app": read_app(self.credentials, fresh=fresh).version}

    def _describe(self, account: Account, *, fresh: bool = False) -> dict[str, Any]:
        """Return the same of an agency's: another secret of the app may be granted what the former was not."""
        return {**self._describe_app(fresh=fresh), "account": account.version}
