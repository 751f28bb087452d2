"""An OLX advert in the making: what the classified says, its overrides, and what was found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from placard.domain.causes import Cause
from placard.domain.problems import Problem
from placard.portals.olx.sites import SITES
from placard.portals.reading import as_list, as_number, as_object, as_text, as_url, look_up

# The most that a number may have of digits to be sent as a price; more is a slip of the pen.
MOST_PRICE = 10**15


class Draft:
    """Reads a classified for one site. `problems` and `normalised` gather what the CRM is told."""

    def __init__(self, body: Mapping[str, Any], portal: str) -> None:
        self.body, self.portal, self.site = body, portal, SITES[portal]
        self.problems: list[Problem] = []
        self.normalised: list[dict[str, Any]] = []
        overrides = as_object(look_up(body, "/specific/olx"))
        # The site's key wins over `default`, member by member (contracts/hub.md, the classified).
        self._overrides = {name: as_object(overrides.get(name)) for name in ("default", portal)}

    def look_up(self, pointer: str) -> Any:
        """Return what a JSON pointer of the classified names."""
        return look_up(self.body, pointer)

    def text(self, pointer: str) -> str | None:
        """Return the text a JSON pointer names, None for anything else."""
        return as_text(self.look_up(pointer))

    def override(self, member: str) -> Any:
        """Return what `specific.olx` says of a member; objects are merged member by member too."""
        low, high = self._overrides["default"].get(member), self._overrides[self.portal].get(member)
        if isinstance(low, Mapping) and isinstance(high, Mapping):
            return {**low, **high}
        return low if high is None else high

    def locate(self, member: str) -> str:
        """Return the pointer to an override: the site's own, or the default where that alone gives it."""
        given = self._overrides[self.portal].get(member) is None and self._overrides["default"].get(member) is not None
        return f"/specific/olx/{'default' if given else self.portal}/{member}"

    def attributes(self) -> dict[str, list[str]]:
        """Return the overriding attributes by urn; a urn that the site's key names is the site's alone."""
        merged: dict[str, list[str]] = {}
        for overrides in self._overrides.values():
            own: dict[str, list[str]] = {}
            for item in as_list(overrides.get("attributes")):
                urn, value = as_text(as_object(item).get("urn")), as_object(item).get("value")
                if urn is not None and isinstance(value, str | int | float) and not isinstance(value, bool):
                    own.setdefault(urn, []).append(str(value))
            merged |= own
        return merged

    def translation(self, pointer: str) -> tuple[str | None, str]:
        """Return a text in the site's language, else in English, else the only one there is; and where it stands."""
        texts = {name: text for name, text in as_object(self.look_up(pointer)).items() if as_text(text) is not None}
        for language in (self.site.language, "en"):
            if language in texts:
                return texts[language], f"{pointer}/{language}"
        if len(texts) == 1:
            language, text = next(iter(texts.items()))
            return text, f"{pointer}/{language}"
        return None, pointer

    def media(self, kind: str) -> list[str]:
        """Return the URLs of one kind of media, in their order."""
        items = [as_object(item) for item in as_list(self.look_up("/media"))]
        urls = [as_url(item.get("url")) for item in items if item.get("mediaType") == kind]
        return [url for url in urls if url is not None]

    def money(self, given: Any, pointer: str) -> dict[str, Any] | None:
        """Return an amount in the portal's form, rounded to whole units, in a currency the site takes."""
        amount = as_number(as_object(given).get("value") if isinstance(given, Mapping) else given)
        currency = as_text(as_object(given).get("currency")) or self.text("/data/prices/currency") or "EUR"
        if amount is None:
            self.refuse(Cause.MISSING, pointer, portal=self.portal, what="a price")
            return None
        if not 0 <= amount <= MOST_PRICE:
            self.refuse(Cause.PRICE_IMPOSSIBLE, pointer)
            return None
        if currency not in self.site.currencies:
            currencies = ", ".join(self.site.currencies)
            self.refuse(Cause.CURRENCY, "/data/prices/currency", portal=self.portal, currencies=currencies)
        whole = int(amount + 0.5) if isinstance(amount, float) else amount
        self.note(pointer, amount, whole)
        return {"value": whole, "currency": currency}

    def note(self, field: str, before: Any, after: Any) -> None:
        """Keep what was changed to fit."""
        if before != after:
            self.normalised.append({"field": field, "from": before, "to": after})

    def refuse(self, cause: Cause, field: str | None, /, **values: object) -> None:
        """Keep why the site would not take it; `values` are those the cause's wording names."""
        self.problems.append(Problem.of(cause, field, **values))
