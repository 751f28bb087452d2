"""The one error tree, split by what to do next (design §5). No secret ever rides in an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placard.domain.problems import Problem


class PlacardError(Exception):
    """Anything this project raises on purpose."""


class PortalError(PlacardError):
    """A portal call that did not do what was asked.

    `status_code` is the portal's HTTP status, None when there was no answer; `body` is at most its first 500 characters.
    `exchange` is what was asked and answered, in short and without secrets, for the timeline's evidence.
    """

    def __init__(self, message: str, *, status_code: int | None = None, body: str = "") -> None:
        super().__init__(message)
        self.status_code = status_code
        self.body = body[:500]
        self.exchange: str | None = None

    @property
    def in_short(self) -> str:
        """What a log may say: the message is the portal's, which may quote what it was sent."""
        return f"HTTP {self.status_code}"


class PortalUnavailableError(PortalError):
    """Try again later. `taken` says whether the portal may have taken the call; `wait` is in milliseconds.

    `throttled`: the portal or the hub itself asks for fewer calls, so this one burns no try.
    """

    def __init__(
        self,
        message: str,
        *,
        taken: bool,
        wait: int | None = None,
        throttled: bool = False,
        status_code: int | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message, status_code=status_code, body=body)
        self.taken = taken
        self.wait = wait
        self.throttled = throttled

    @property
    def in_short(self) -> str:
        """What a log may say: messages of this error are the hub's own."""
        return str(self)


class BudgetSpentError(PortalUnavailableError):
    """The hub's own budget of calls to a portal is spent: nothing was sent and nothing has failed."""

    def __init__(self, wait: int) -> None:
        super().__init__("the hub's budget of calls is spent", taken=False, wait=wait, throttled=True)


class CircuitOpenError(PortalUnavailableError):
    """The portal has failed the account's last calls, so this one was not made: it burns no try, but the outage goes on."""

    def __init__(self, wait: int) -> None:
        super().__init__("the portal has failed the account's last calls", taken=False, wait=wait, throttled=True)


class PortalRejectedError(PortalError):
    """The portal refuses this listing: a person corrects what the problems name."""

    def __init__(
        self, message: str, problems: tuple[Problem, ...], *, status_code: int | None = None, body: str = ""
    ) -> None:
        super().__init__(message, status_code=status_code, body=body)
        self.problems = problems

    @property
    def in_short(self) -> str:
        """What a log may say."""
        return f"HTTP {self.status_code} {' '.join(sorted({problem.code for problem in self.problems}))}"


class CredentialsError(PortalError):
    """The account cannot be used; `problem` says who must act."""

    def __init__(self, problem: Problem, *, status_code: int | None = None, body: str = "") -> None:
        super().__init__(problem.detail, status_code=status_code, body=body)
        self.problem = problem

    @property
    def in_short(self) -> str:
        """What a log may say."""
        return f"HTTP {self.status_code} {self.problem.code}"


class WebhookRejectedError(PlacardError):
    """A callback without a valid proof of its sender. Nothing of it is used or kept."""


class MalformedMessageError(PlacardError):
    """A proven or provable callback that cannot be read: not JSON, or without the ids its proof covers."""


class TransitionConflictError(PlacardError):
    """Somebody else wrote first: read again and decide again."""


class StoreUnavailableError(PlacardError):
    """Storage does not answer, or not in time: the caller may try again."""


class UnsupportedOperationError(PlacardError):
    """The portal has no such operation; its manifest says so too."""
