"""Tell how a customer's listings fare on every channel, the worst first: what a person looks at (contracts/hub.md §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from placard.domain.classified import Classified
from placard.domain.health import Health, PublicationHealth
from placard.domain.problems import DEFAULT_LANGUAGE
from placard.ports import ClassifiedStore
from placard.use_cases.paging import Listing, read_token, refuse_token, write_token

HEALTHS = tuple(health.value for health in Health)
# A person's list is short lines: more of them on a page than a CRM's lists have.
MOST_PUBLICATIONS = 1000
LONGEST_TITLE = 200
_AT_ONCE = 100


def list_publications(
    store: ClassifiedStore,
    customer: str,
    limit: int,
    token: str | None,
    health: str | None = None,
    language: str = DEFAULT_LANGUAGE,
) -> Listing:
    """Return a page of publications, each with its listing's own key, title and city.

    `health` keeps those of one word (HEALTHS); `language` is that of hints and titles, one of `problems.LANGUAGES`. Raises
    InvalidRequestError for a token of another list.
    """
    scope = f"publications/{health or ''}/{customer}"
    after, _ = read_token(scope, token)
    try:
        page = store.list_publications(customer, None if health is None else Health(health), limit, after)
    except ValueError:
        if after is None:
            raise
        refuse_token("nextToken")
    classifieds = _load(store, page.rows)
    items = tuple(_show(row, classifieds.get(row.classified_id), language) for row in page.rows)
    return Listing(items, None if page.after is None else write_token(scope, page.after, None))


def _load(store: ClassifiedStore, rows: Sequence[PublicationHealth]) -> Mapping[str, Classified]:
    wanted = list(dict.fromkeys(row.classified_id for row in rows))
    found: dict[str, Classified] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        found |= store.load_classifieds(wanted[first : first + _AT_ONCE])
    return found


def _show(row: PublicationHealth, classified: Classified | None, language: str) -> dict[str, Any]:
    shown = row.to_json(language)
    if classified is None:
        return shown
    data = _member(classified.body, "data")
    city = _member(data, "location").get("city")
    optional = {
        "offererEstateId": classified.offerer_estate_id,
        "title": _choose(_member(_member(data, "texts"), "headline"), language),
        "city": city if isinstance(city, str) else None,
    }
    return shown | {name: value[:LONGEST_TITLE] for name, value in optional.items() if value}


def _member(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = whole.get(name)
    return value if isinstance(value, Mapping) else {}


def _choose(texts: Mapping[str, Any], language: str) -> str | None:
    """Return a text in a language, else in the first there is."""
    named = [text for text in (texts.get(language), *texts.values()) if isinstance(text, str)]
    return named[0] if named else None
