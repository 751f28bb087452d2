"""What Spotahome's refusals mean (contracts/spotahome.md §7): by status alone, for `type` is always the same."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from placard.domain.causes import NO_REASON, Cause
from placard.domain.errors import CredentialsError, PortalError, PortalRejectedError, PortalUnavailableError
from placard.domain.problems import Problem
from placard.portals.base import Reply
from placard.portals.reading import as_object, as_text
from placard.portals.spotahome.mapping import POINTERS, locate

logger = logging.getLogger(__name__)

# §7: status → problem code, where one is permanent. 401, 429 and 5xx are not among them: they are tried again.
REFUSED = {
    400: "rejected_by_portal",
    403: "credentials_invalid",
    404: "rejected_by_portal",
    409: "not_permitted",
    422: "invalid_field",
}
# A fault of this adapter, not of anybody's data: somebody should know.
ALARMING = frozenset({400})


def refuse(reply: Reply, body: Mapping[str, Any] | None = None) -> PortalError:
    """Return the error of a refusal; `body` is the classified that a 422 speaks of."""
    said = reply.said
    if said is None:
        # A proxy's page, or nothing at all: not Spotahome's word.
        return PortalUnavailableError(
            f"HTTP {reply.status} that is not Spotahome's", taken=False, status_code=reply.status, body=reply.text
        )
    if reply.status in ALARMING:
        logger.error("Spotahome cannot read a request", extra={"status": reply.status, "asked": reply.asked})
    detail = as_text(said.get("detail")) or as_text(said.get("title")) or f"HTTP {reply.status}"
    code = REFUSED.get(reply.status, "rejected_by_portal")
    if code == "credentials_invalid":
        return CredentialsError(Problem.quote(code, detail), status_code=reply.status, body=reply.text)
    problems = tuple(_read_messages(said, body or {})) if reply.status == 422 else ()
    return PortalRejectedError(
        detail, problems or (Problem.quote(code, detail),), status_code=reply.status, body=reply.text
    )


def _read_messages(said: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield one problem per rule: `validationMessages` is field → rule → text."""
    for name, rules in as_object(said.get("validationMessages")).items():
        member = name.rpartition(".")[2]
        pointer = locate(body, member) if member in POINTERS else None
        texts = [text for text in map(as_text, as_object(rules).values()) if text is not None]
        for text in texts or [NO_REASON]:
            yield Problem.of(Cause.REFUSED_FIELD, pointer, name=name, said=text)
