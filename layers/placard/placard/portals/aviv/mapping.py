"""From a classified to AVIV's own: it speaks AVIV's dialect already (lifecycle §5, contracts/aviv.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.classified import Classified
from placard.domain.ids import content_hash
from placard.domain.policy import Rendering
from placard.portals.aviv import PORTALS
from placard.portals.aviv.rules import check
from placard.portals.reading import as_object

# The schema demands both; unknown is the empty text (§3.1).
EMPTY_PLACES = ("street", "houseNumber")
# Set by the portal, never by a sender (§3.2).
PORTALS_OWN = frozenset({"classifiedId", "createDate", "changeDate", "portalWebKey"})


def render(classified: Classified, channel: str) -> Rendering:
    """Return what AVIV is sent, without `portals`: `data`, `media` and `specific.gsl`, nothing of other channels."""
    payload = build_payload(classified.body)
    fingerprint = content_hash(payload)
    problems = {portal: check(portal, payload) for portal in classified.portals_on(channel)}
    return Rendering(
        payload=payload,
        hashes=dict.fromkeys(PORTALS, fingerprint),
        problems={portal: found for portal, found in problems.items() if found},
    )


def build_payload(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members AVIV takes, unknown ones inside them included."""
    payload: dict[str, Any] = {name: body[name] for name in ("data", "media") if name in body}
    if isinstance(payload.get("data"), Mapping):
        payload["data"] = _fit_data(payload["data"])
    gsl = as_object(body.get("specific")).get("gsl")
    return payload if gsl is None else {**payload, "specific": {"gsl": gsl}}


def _fit_data(data: Mapping[str, Any]) -> dict[str, Any]:
    location = data.get("location")
    if not isinstance(location, Mapping):
        return dict(data)
    placed = {name: value for name, value in location.items() if name != "postalCode"}
    # Seed 003 writes `postalCode`; the schema knows `postalcode` alone (§3.1).
    if "postalCode" in location:
        placed.setdefault("postalcode", location["postalCode"])
    for name in EMPTY_PLACES:
        placed.setdefault(name, "")
    return {**data, "location": placed}


def fingerprint(shown: Mapping[str, Any]) -> str:
    """Return the hash of what AVIV shows of a classified, comparable with that of a rendering."""
    payload = build_payload(shown)
    data = as_object(payload.get("data"))
    own = as_object(data.get("metaData"))
    if PORTALS_OWN & own.keys():
        kept = {name: value for name, value in own.items() if name not in PORTALS_OWN}
        payload = {**payload, "data": {**data, "metaData": kept}}
    return content_hash(payload)
