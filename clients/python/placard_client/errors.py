"""What the hub refuses, an exception for each status. Made by `make client` from openapi.yaml: change that, not this."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """The hub's refusal. `problem` is its body, empty where that is no JSON object; `retry_after` is in seconds."""

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None = None) -> None:
        said = problem.get("detail") or problem.get("message") or problem.get("title") or "no reason given"
        super().__init__(f"{status}: {said}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after

    @property
    def kind(self) -> str:
        """The end of the problem's `type`, such as `Validation-Error`; empty where it says no more than its status."""
        return str(self.problem.get("type", "")).partition("Errors/")[2]

    @property
    def errors(self) -> list[dict[str, str]]:
        """What is wrong where: `name` is a JSON pointer into the body, or the parameter's or header's name."""
        return list(self.problem.get("errors", []))


class BadRequestError(RefusedError):
    """A header, parameter or body that breaks the contract (`type` ends with `Errors/Validation-Error`), a body that
    is no JSON (`about:blank`), or a key that names another classified (`Errors/Duplicated-Classifieds-Error`).
    """


class UnauthorizedError(RefusedError):
    """No valid token."""


class ForbiddenError(RefusedError):
    """The token's scope does not reach that far, or it may not act for that customer."""


class NotFoundError(RefusedError):
    """Unknown, deleted or another customer's."""


class ConflictError(RefusedError):
    """Not in the present state: a deleted classified (`type` ends with `Errors/Deleted-Classified-Error`), a closed
    listing process.
    """


class PreconditionFailedError(RefusedError):
    """`If-Match` does not name the present revision."""


class ContentTooLargeError(RefusedError):
    """The body is too large."""


class UnprocessableContentError(RefusedError):
    """An `Idempotency-Key` that came with another body (`Errors/Idempotency-Key-Reused-Error`), or a senseless
    field.
    """


class TooManyRequestsError(RefusedError):
    """Too many calls."""


class ServiceUnavailableError(RefusedError):
    """Storage does not answer."""


BY_STATUS: dict[int, type[RefusedError]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    412: PreconditionFailedError,
    413: ContentTooLargeError,
    422: UnprocessableContentError,
    429: TooManyRequestsError,
    503: ServiceUnavailableError,
}
