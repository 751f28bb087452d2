"""The environment variables of template.yaml, typed. A function has only some: each is read when asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping

from placard.domain.errors import PlacardError
from placard.domain.instants import SECOND


class SettingMissingError(PlacardError):
    """The function's environment lacks a variable that its code reads."""


class Settings:
    """What the template tells a function. Every property raises SettingMissingError where its variable is missing."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    @property
    def stage(self) -> str:
        """The environment's name."""
        return self._text("STAGE")

    @property
    def table_name(self) -> str:
        """The one table."""
        return self._text("TABLE_NAME")

    @property
    def vault_table_name(self) -> str:
        """The table of secrets."""
        return self._text("VAULT_TABLE_NAME")

    @property
    def vault_key_id(self) -> str:
        """The KMS key that seals them."""
        return self._text("VAULT_KEY_ID")

    def deliver_queue_url(self, provider: str) -> str:
        """The queue of a provider's wake-ups."""
        return self._text(f"DELIVER_{provider.upper()}_QUEUE_URL")

    @property
    def notify_queue_url(self) -> str:
        """Where tellings of CRMs wait."""
        return self._text("NOTIFY_QUEUE_URL")

    @property
    def event_retry_queue_url(self) -> str:
        """Where messages go that are to be folded again."""
        return self._text("EVENT_RETRY_QUEUE_URL")

    def variable(self, name: str) -> str:
        """A variable that a portal's folder names."""
        return self._text(name)

    @property
    def time_scale(self) -> float:
        """What every wait of the protocol is multiplied by: TimeScale only shortens, so 60 and 1/60 mean the same."""
        scale = float(self._text("TIME_SCALE"))
        return min(scale, 1 / scale)

    @property
    def lease(self) -> int:
        """How long (ms) a look, a telling or a sweep keeps others away: longer than the function can run."""
        return int(self._text("LEASE_SECONDS")) * SECOND

    @property
    def trusted_clients(self) -> frozenset[str]:
        """Client ids that may name a Customer-Id."""
        names = self._text("TRUSTED_CLIENTS", empty=True).split(",")
        return frozenset(name.strip() for name in names if name.strip())

    @property
    def metrics_by_customer(self) -> bool:
        """Whether what is counted for a portal is counted for each customer too."""
        return self._text("METRICS_BY_CUSTOMER") == "true"

    @property
    def allow_loopback_callbacks(self) -> bool:
        """Whether callbacks may go to this machine: the local stack alone says so."""
        return self._text("ALLOW_LOOPBACK_CALLBACKS") == "true"

    @property
    def status_retention_days(self) -> int:
        """Days that timeline entries and portals' messages are kept."""
        return int(self._text("STATUS_RETENTION_DAYS"))

    def _text(self, name: str, *, empty: bool = False) -> str:
        value = self._environment.get(name, "")
        if not value and not (empty and name in self._environment):
            raise SettingMissingError(f"{name} is not set")
        return value


def read_settings() -> Settings:
    """Return the settings of the process's own environment."""
    return Settings(os.environ)
