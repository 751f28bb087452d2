"""From a classified to AVIV's own: it speaks AVIV's dialect already (lifecycle §5, contracts/aviv.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from placard.domain.classified import Classified, Wish
from placard.domain.hashes import content_hash
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.portals.aviv.checks import check
from placard.portals.aviv.manifest import PORTALS
from placard.portals.aviv.rules import Rules, read_rules
from placard.portals.reading import as_object, as_text, look_up

# The schema demands both; unknown is the empty text (§3.1).
EMPTY_PLACES = ("street", "houseNumber")
# Set by the portal, never by a sender (§3.2).
PORTALS_OWN = frozenset({"classifiedId", "createDate", "changeDate", "portalWebKey"})
# Seed 003 writes `postalCode`; the schema knows `postalcode` alone (§3.1).
POSTAL_CODE, SPELLED_OTHERWISE = "/data/location/postalcode", "/data/location/postalCode"


def render(classified: Classified, channel: str, rules: Rules | None = None) -> Rendering:
    """Return what AVIV is sent, without `portals`: `data`, `media` and `specific.gsl`, nothing of other channels."""
    rules = rules or read_rules()
    payload, normalised = fit(build_payload(classified.body), rules)
    portals = classified.portals_on(channel)
    listed = tuple(portal for portal in portals if classified.wish(portal) is Wish.PRESENT)
    problems = {
        portal: tuple(in_own_words(classified.body, found) for found in check(portal, payload, listed, rules))
        for portal in portals
    }
    return Rendering(
        payload=payload,
        hashes=dict.fromkeys(PORTALS, content_hash(payload)),
        problems={portal: found for portal, found in problems.items() if found},
        normalised=normalised,
        names_portals=True,
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
    if "postalCode" in location:
        placed.setdefault("postalcode", location["postalCode"])
    for name in EMPTY_PLACES:
        placed.setdefault(name, "")
    return {**data, "location": placed}


def fit(payload: dict[str, Any], rules: Rules) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """Return the payload as AVIV can take it, and what was changed, as `{field, from, to}`."""
    data, media, changes = payload.get("data"), payload.get("media"), []
    kind = as_text(look_up(payload, "/data/estateType"))
    default = None if kind is None else rules.sub_types.get(kind)
    if isinstance(data, Mapping) and kind is not None and default is not None and not data.get("estateSubType"):
        given = {name_key(kind): default}
        changes.append({"field": "/data/estateSubType", "from": data.get("estateSubType"), "to": given})
        payload = {**payload, "data": {**data, "estateSubType": given}}
    if isinstance(media, list):
        repeated = find_repeated(media)
        changes += [{"field": f"/media/{n}", "from": as_object(media[n])["url"], "to": None} for n in repeated]
        if repeated:
            payload = {**payload, "media": [item for n, item in enumerate(media) if n not in repeated]}
    return payload, tuple(changes)


def name_key(estate_type: str) -> str:
    """Return the member of `estateSubType` that belongs to a type: `GASTRONOMY_HOTEL` → `gastronomyHotel` (§3.3)."""
    first, *further = estate_type.lower().split("_")
    return first + "".join(part.title() for part in further)


def find_repeated(media: list[Any]) -> list[int]:
    """Return the places of media whose URL came before: AVIV refuses a URL it has already (§3.4), whatever the item."""
    urls = [as_text(as_object(item).get("url")) for item in media]
    return [n for n, url in enumerate(urls) if url is not None and url in urls[:n]]


def in_own_words(body: Mapping[str, Any], problem: Problem) -> Problem:
    """Return a problem with the pointer into the CRM's own body, which may spell the postal code as seed 003 does."""
    location = as_object(look_up(body, "/data/location"))
    if problem.field == POSTAL_CODE and "postalCode" in location and "postalcode" not in location:
        return replace(problem, field=SPELLED_OTHERWISE)
    return problem


def fingerprint(shown: Mapping[str, Any]) -> str:
    """Return the hash of what AVIV shows of a classified, comparable with that of a rendering."""
    payload = build_payload(shown)
    data = as_object(payload.get("data"))
    own = as_object(data.get("metaData"))
    if PORTALS_OWN & own.keys():
        kept = {name: value for name, value in own.items() if name not in PORTALS_OWN}
        payload = {**payload, "data": {**data, "metaData": kept}}
    return content_hash(payload)
