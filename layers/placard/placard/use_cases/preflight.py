"""Tell the CRM what each portal would make of a classified, before anything is stored or sent (contracts/hub.md §2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from placard.domain import ids
from placard.domain.body import offerer_estate_id, read_body
from placard.domain.channels import CHANNEL_OF, PROVIDER_OF, channels_of
from placard.domain.classified import Classified, Kind
from placard.domain.errors import CredentialsError
from placard.domain.hashes import content_hash
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.ports import Clock, Renderer


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one portal would make of it. `payload` is the body to be sent, for all ready portals of its channel."""

    problems: tuple[Problem, ...]
    normalised: tuple[Mapping[str, Any], ...]
    payload: Mapping[str, Any]

    @property
    def ready(self) -> bool:
        """Whether nothing we know of stands against it."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as the CRM reads it."""
        return {
            "ready": self.ready,
            "problems": [problem.to_json() for problem in self.problems],
            "normalised": [dict(change) for change in self.normalised],
            "payload": dict(self.payload),
        }


def preflight(renderer_of: Callable[[str], Renderer], clock: Clock, customer: str, value: Any) -> Mapping[str, Verdict]:
    """Return each portal's verdict on any JSON value, in the body's order. Raises InvalidRequestError as a POST does.

    The renderings are those of a delivery. Whether an account is connected is judged too, since a listing that is ready
    but for its account ends `CREATING_FAILED` all the same: one secret of the vault for each channel named, kept for a
    minute. The table of classifieds is not read: what is judged is this body, whatever is stored under its key.
    """
    body = read_body(value)
    classified = _suppose(customer, body, clock.now())
    verdicts: dict[str, Verdict] = {}
    for channel in channels_of(classified.portals):
        verdicts |= _judge(renderer_of(PROVIDER_OF[channel]), classified, channel)
    return {portal: verdicts[portal] for portal in classified.portals}


def _suppose(customer: str, body: Mapping[str, Any], now: int) -> Classified:
    """Return the classified that a POST of this body would make of nothing."""
    key = offerer_estate_id(body)
    return Classified(
        classified_id=ids.classified_id(customer, key),
        customer=customer,
        offerer_estate_id=key,
        revision=1,
        kind=Kind.POST,
        accepted_at=now,
        body=body,
        body_hash=content_hash(body),
        portals=tuple(body["portals"]),
        body_revision=1,
        post_revision=1,
    )


def _judge(renderer: Renderer, classified: Classified, channel: str) -> dict[str, Verdict]:
    rendering = renderer.render(classified, channel)
    unusable = _check_account(renderer, classified, channel)
    portals = [portal for portal in classified.portals if CHANNEL_OF[portal] == channel]
    problems = {portal: (*rendering.problems.get(portal, ()), *unusable) for portal in portals}
    payload = _address(rendering, problems)
    return {portal: Verdict(problems[portal], rendering.normalised, payload) for portal in portals}


def _check_account(renderer: Renderer, classified: Classified, channel: str) -> tuple[Problem, ...]:
    try:
        renderer.check_account(classified, channel)
    except CredentialsError as error:
        return (error.problem,)
    return ()


def _address(rendering: Rendering, problems: Mapping[str, tuple[Problem, ...]]) -> dict[str, Any]:
    return rendering.for_portals(portal for portal, found in problems.items() if not found)
