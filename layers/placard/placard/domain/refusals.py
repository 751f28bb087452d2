"""Why a request of the CRM is refused, in words that know nothing of HTTP (contracts/hub.md §2)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from placard.domain.errors import PlacardError

LARGEST_BODY = 256 * 1024  # bytes of one classified (contracts/hub.md §2)
# Enough to mend a body by; more only makes the answer long.
MOST_FAULTS = 50


class ErrorSource(StrEnum):
    """Which part of the request is at fault, V4's own words."""

    BODY = "body"
    PARAMETER = "requestParameter"
    HEADER = "header"
    CONTENT_TYPE = "contentType"


class Fault(NamedTuple):
    """One thing to mend. `name` is a JSON pointer (RFC 6901) into the body, or the name of the parameter or header."""

    name: str
    reason: str


class RefusalError(PlacardError):
    """A request that cannot be done as asked; asking again unchanged ends the same."""


class InvalidRequestError(RefusalError):
    """Values that break their shape."""

    def __init__(self, source: ErrorSource, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = tuple(faults)[:MOST_FAULTS]
        super().__init__(f"The {_PART[source]} does not respect the contract")


class CallbackRefusedError(InvalidRequestError):
    """A callback URL that the hub does not call, when it is subscribed or later; `reason` follows on "the URL"."""

    def __init__(self, reason: str) -> None:
        super().__init__(ErrorSource.BODY, [Fault("/url", reason)])
        self.reason = reason


class UnreadableBodyError(RefusalError):
    """A body that is not one JSON value which every reader reads alike (RFC 7493)."""


class BodyTooLargeError(RefusalError):
    """A body over the limit."""


class UnknownClassifiedError(RefusalError):
    """Unknown, deleted or somebody else's: the caller cannot tell which."""

    def __init__(self) -> None:
        super().__init__("No such classified")


class UnknownSubscriptionError(RefusalError):
    """The customer has subscribed to nothing."""

    def __init__(self) -> None:
        super().__init__("There is no subscription; make one with PUT /webhooks")


class DeletedClassifiedError(RefusalError):
    """Asked of a classified that is deleted: only a POST of its key brings it back."""

    def __init__(self) -> None:
        super().__init__("The classified is deleted; publish it again with POST")


class DuplicatedClassifiedError(RefusalError):
    """The CRM's own key already names a classified with another body."""

    def __init__(self, classified_id: str) -> None:
        super().__init__(f"offererEstateId already belongs to classifiedId {classified_id}: change it with PUT")
        self.classified_id = classified_id


class KeyReusedError(RefusalError):
    """An Idempotency-Key that came with another body before."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body")


class PreconditionError(RefusalError):
    """If-Match names none of what is there."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"The classified is at revision {revision}")


class UnknownProcessError(RefusalError):
    """A listing process that is unknown, gone or somebody else's."""

    def __init__(self, process_id: str) -> None:
        super().__init__(f"No listing process has id {process_id[:40]}")


class ClosedProcessError(RefusalError):
    """A listing process whose state forbids what is asked."""

    def __init__(self, process_id: int) -> None:
        super().__init__(f"Listing process {process_id} cannot be cancelled in its present state")


class InvalidFieldError(RefusalError):
    """A field of a well-formed body that breaks a rule, named as seed 004 names rules."""

    def __init__(self, field: str, rule: str, reason: str) -> None:
        super().__init__("One field did not pass validation")
        self.field = field
        self.rule = rule
        self.reason = reason


_PART = {
    ErrorSource.BODY: "body",
    ErrorSource.PARAMETER: "query",
    ErrorSource.HEADER: "header",
    ErrorSource.CONTENT_TYPE: "content type",
}
