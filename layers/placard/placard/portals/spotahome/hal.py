"""Spotahome's pages (contracts/spotahome.md §6). Links are never followed: they lose the filters, and may point back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from placard.portals.reading import as_list, as_number, as_object, as_text, look_up

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HalPage:
    """The items of one page, and the number in `_links.last`; None where it does not say."""

    items: tuple[Mapping[str, Any], ...]
    last: int | None


def read_page(said: Mapping[str, Any], relation: str) -> HalPage:
    """Return a page. `_embedded` may be missing, and counts that do not agree are logged, never believed."""
    items = tuple(as_object(item) for item in as_list(as_object(said.get("_embedded")).get(relation)))
    count = as_number(said.get("count"))
    if count is not None and count != len(items):
        logger.warning("Spotahome counts otherwise", extra={"relation": relation, "count": count, "items": len(items)})
    return HalPage(items, _read_number(as_text(look_up(said, "/_links/last/href"))))


def is_last(page: HalPage, number: int) -> bool:
    """Whether a list ends with this page: by the number in `last` or by being empty; `next` and `previous` say nothing."""
    return not page.items or (page.last is not None and number >= page.last)


def _read_number(href: str | None) -> int | None:
    if href is None:
        return None
    try:
        number = parse_qs(urlsplit(href).query).get("page", [""])[0]
    except ValueError:
        return None
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None
