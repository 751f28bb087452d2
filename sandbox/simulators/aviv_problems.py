"""AVIV: its error bodies (contract: aviv.md §2, Error bodies)."""

from typing import Any

from starlette.responses import JSONResponse

DOCS = "https://caas-docs.example.test/v4#section/Errors"
# status: title and whether the answer carries `traceparent`.
TITLES = {
    400: ("Bad request", True),
    401: ("Unauthorized", False),
    403: ("Forbidden", False),
    404: ("Not found", False),
    412: ("Precondition Failed", True),
    500: ("Internal Server Error", True),
}


class ProblemError(Exception):
    """A call is answered with this problem. `kind` is the end of its type, None for about:blank."""

    def __init__(
        self, status: int, detail: str, kind: str | None = None, title: str | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind, self.members = status, detail, kind, members
        self.title = title or TITLES[status][0]


def build_problem(error: ProblemError, traceparent: str) -> JSONResponse:
    """The answer; its media type is the vendor's own, and plain JSON for 401."""
    body = {
        "type": f"{DOCS}/{error.kind}" if error.kind else "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": traceparent,
        **error.members,
    }
    headers = {"traceparent": traceparent} if TITLES[error.status][1] else {}
    media_type = "application/json" if error.status == 401 else "application/json+problem"
    return JSONResponse(body, error.status, headers=headers, media_type=media_type)


def build_validation_error(errors: list[tuple[str, str]], source: str = "body") -> ProblemError:
    found = [{"name": name, "reason": reason} for name, reason in errors]
    detail = "The body does not respect the schema" if source == "body" else "A parameter is not valid"
    return ProblemError(400, detail, "Validation-Error", errorSource=source, errors=found)


def build_duplicate_error(estate_id: str, classified_id: str) -> ProblemError:
    detail = f"offererEstateId: {estate_id} already belongs to classifiedId: {classified_id}."
    return ProblemError(400, detail, "Duplicated-Classifieds-Error", "Duplicated classified")


def build_contacts_error() -> ProblemError:
    ways = ("data.contact.*", "specific.gsl.contact.*")
    errors = [{"name": one, "reason": f"cannot be combined with {other}"} for one, other in (ways, ways[::-1])]
    return ProblemError(
        400, "Contact given twice", "Colliding-Contacts-Information-Error", errorSource="body", errors=errors
    )
