"""Which language an answer speaks: Accept-Language (RFC 9110 §12.5.4) by the lookup of RFC 4647 §3.4."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

_RANGE = re.compile(r"\s*(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*)?", re.I)


def choose_language(accepted: str | None, spoken: Sequence[str]) -> str:
    """Return the language of `spoken` that `accepted` (the header's value) likes best; the first where it likes none.

    Never refuses: a listing's fate in another language is better than none (RFC 9110 leaves it to the server). Parts that
    cannot be read are passed over; of ranges liked equally the first counts.
    """
    ranges = list(_read(accepted or ""))
    named = {tag for tag, _ in ranges}
    unwanted = {tag for tag, liking in ranges if liking == 0}
    for tag, liking in sorted(ranges, key=lambda pair: -pair[1]):
        if liking == 0:
            break
        offered = [one for one in spoken if one not in named] if tag == "*" else _shorten(tag, spoken)
        found = next((one for one in offered if one not in unwanted), None)
        if found is not None:
            return found
    return spoken[0]


def describe_language(language: str) -> Mapping[str, str]:
    """Return the headers of an answer whose language was chosen (RFC 9110 §8.5 and §12.5.5)."""
    return {"content-language": language, "vary": "Accept-Language"}


def _read(accepted: str) -> Iterator[tuple[str, float]]:
    for part in accepted.split(","):
        found = _RANGE.fullmatch(part)
        if found is not None:
            yield found[1].lower(), 1.0 if found[2] is None else float(found[2])


def _shorten(tag: str, spoken: Sequence[str]) -> list[str]:
    """Return what is spoken of a range, the nearest first: `fr-FR` is `fr-fr`, else `fr`."""
    parts = tag.split("-")
    return [name for end in range(len(parts), 0, -1) if (name := "-".join(parts[:end])) in spoken]
