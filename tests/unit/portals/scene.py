"""What the portals' tests share: contract files, classifieds, calls, and a portal that answers as told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from placard.domain.channels import CHANNEL_OF
from placard.domain.classified import Classified, Kind
from placard.domain.events import Operation
from placard.domain.policy import Rendering
from placard.domain.publication import Phase, Publication, Running, Standing
from placard.ports import Call

CONTRACTS = Path(__file__).parents[2] / "contracts"
CUSTOMER = "ag-12"
PUBLISHED = "3f0c2d4e-61b9-5c1b-9f5e-2a8d30b7c614"


def read_contract(name: str) -> Any:
    """Return a contract file's JSON, by `<provider>/<file>`."""
    return json.loads((CONTRACTS / name).read_text())


def read_bytes(name: str) -> bytes:
    """Return a contract file untouched."""
    return (CONTRACTS / name).read_bytes()


def list_contracts(provider: str, start: str) -> list[str]:
    """Return the names of a provider's contract files that begin so."""
    found = sorted(path.name for path in (CONTRACTS / provider).glob(f"{start}*.json"))
    assert found, f"no contract file of {provider} begins with {start}"
    return found


def make_classified(body: Mapping[str, Any], *portals: str) -> Classified:
    """Return revision 1 of a classified with this body."""
    return Classified("c-1", CUSTOMER, "e-1", 1, Kind.POST, 0, body, "", portals or tuple(body.get("portals", ())), 1)


def make_call(
    operation: Operation, channel: str, body: Mapping[str, Any], payload: Mapping[str, Any], **more: Any
) -> Call:
    """Return a call for this payload; a POST has no remote id."""
    remote_id = more.pop("remote_id", "r-1")
    remote_id = None if operation is Operation.POST else remote_id
    classified = make_classified(body)
    listed = more.pop("listed", tuple(p for p in classified.portals if CHANNEL_OF[p] == channel))
    return Call(
        operation,
        channel,
        classified,
        Rendering(payload, {}, names_portals=channel == "aviv"),
        listed,
        remote_id,
        **more,
    )


def make_publication(channel: str, *portals: str, running: Running | None = None, **standing: Any) -> Publication:
    """Return a publication of these portals with the remote id `r-1`."""
    standings = {portal: Standing(portal, seen=1, acted=1, **standing) for portal in portals}
    return Publication(PUBLISHED, channel, CUSTOMER, remote_id="r-1", standings=standings, running=running)


def make_running(kind: Operation, *portals: str, **more: Any) -> Running:
    """Return an operation the portal has taken."""
    return Running("o-1", kind, portals, 0, 0, Phase.ACCEPTED, **more)


class Portal:
    """Answers in order, the last answer again and again, and keeps what was sent. An exception is raised instead."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def paths(self) -> list[str]:
        """Method and path of every call so far."""
        return [f"{request.method} {request.url.path}" for request in self.requests]

    def sent(self, place: int = -1) -> Any:
        """Return the JSON body of a call."""
        return json.loads(self.requests[place].content)


def answer_of(name: str) -> httpx.Response:
    """Return a contract's answer: status, headers and body."""
    told = read_contract(name)
    return httpx.Response(told["status"], headers=told["headers"], json=told["body"])
