"""From a classified to a home on Casita."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.causes import Cause
from placard.domain.classified import Classified
from placard.domain.hashes import content_hash
from placard.domain.policy import Rendering
from placard.domain.problems import Problem
from placard.portals.reading import as_list, as_number, as_object, as_text, as_url, look_up

PORTAL = "CASITA"
TYPES = {"APARTMENT": "flat", "HOUSE": "house"}
DEALS = {"BUY": "sale", "RENT": "let"}
PRICES = {"BUY": "/data/prices/buy/price/amount", "RENT": "/data/prices/rent/baseRent/amount"}
LONGEST_TITLE = 60
# Casita's field → the CRM's member, both for what is sent and for what Casita says of it.
FIELDS = {
    "kind": "/data/estateType",
    "deal": "/data/distributionType",
    "title": "/data/texts/headline",
    "text": "/data/texts/description",
    "city": "/data/location/city",
    "postcode": "/data/location/postalcode",
    "photos": "/media",
}
MANDATORY = ("price", "title", "city")


def render(classified: Classified) -> Rendering:
    """Return the home. Never raises: what cannot be sent becomes a problem with the CRM's pointer."""
    body = classified.body
    written = _text(body, FIELDS["title"])
    title = None if written is None else written[:LONGEST_TITLE].rstrip()
    home = {
        "reference": classified.classified_id,
        "kind": TYPES.get(_word(body, "kind")),
        "deal": DEALS.get(_word(body, "deal")),
        "price": as_number(look_up(body, price_pointer(body))),
        "title": title,
        "text": _text(body, FIELDS["text"]),
        "city": as_text(look_up(body, FIELDS["city"])),
        "postcode": as_text(look_up(body, FIELDS["postcode"])),
        "photos": [url for medium in as_list(body.get("media")) if (url := as_url(as_object(medium).get("url")))],
    }
    payload = {name: value for name, value in home.items() if value is not None}
    problems = tuple(_find_problems(body, home))
    cut = ({"field": FIELDS["title"], "from": written, "to": title},) if written != title else ()
    return Rendering(
        payload, {PORTAL: content_hash(payload)}, {PORTAL: problems} if problems else {}, cut, classified.classified_id
    )


def locate(field: str | None, body: Mapping[str, Any]) -> str | None:
    """Return the CRM's pointer of a field of Casita's, None for one that no member of the classified feeds."""
    return price_pointer(body) if field == "price" else FIELDS.get(field or "")


def price_pointer(body: Mapping[str, Any]) -> str:
    """Return where the price of such a deal stands."""
    return PRICES.get(_word(body, "deal"), PRICES["BUY"])


def _find_problems(body: Mapping[str, Any], home: Mapping[str, Any]) -> list[Problem]:
    found = []
    if home["kind"] is None:
        found.append(Problem.of(Cause.ESTATE_TYPE, FIELDS["kind"], portal="Casita", only=" or ".join(TYPES)))
    if home["deal"] is None:
        found.append(Problem.of(Cause.DISTRIBUTION_TYPE, FIELDS["deal"], portal="Casita", only=" or ".join(DEALS)))
    lacking = [name for name in MANDATORY if home[name] is None]
    return found + [
        Problem.of(Cause.MISSING, locate(name, body), portal="Casita", what=f"a {name}") for name in lacking
    ]


def _word(body: Mapping[str, Any], field: str) -> str:
    return as_text(look_up(body, FIELDS[field])) or ""


def _text(body: Mapping[str, Any], pointer: str) -> str | None:
    """Return a text in Spanish, else in the first language it is written in."""
    texts = as_object(look_up(body, pointer))
    found = as_text(texts.get("es")) or next(filter(None, map(as_text, texts.values())), None)
    return None if found is None else found.strip()
