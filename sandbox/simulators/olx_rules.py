"""OLX: what the API refuses at once and what the site refuses later (contract: olx.md §3)."""

from collections import Counter
from typing import Any, NamedTuple


class Site(NamedTuple):
    """One site: its host, the zone of its zone-less dates, its currencies, and its lengths (least, most)."""

    host: str
    zone: str
    currencies: frozenset[str]
    title: tuple[int, int]
    description: tuple[int, int]


SITES = {
    "urn:site:imovirtualcom": Site("www.imovirtual.com", "Europe/Lisbon", frozenset({"EUR"}), (5, 50), (50, 65535)),
    "urn:site:otodompl": Site("www.otodom.pl", "Europe/Warsaw", frozenset({"PLN", "EUR", "GBP"}), (5, 50), (50, 65535)),
    "urn:site:storiaro": Site("www.storia.ro", "Europe/Bucharest", frozenset({"EUR", "RON"}), (5, 70), (50, 65535)),
    "urn:site:olxro": Site("www.olx.ro", "Europe/Bucharest", frozenset({"EUR", "RON"}), (16, 70), (80, 9000)),
}
# Attributes of the type `multiple`; any other may be given once.
MULTIPLE = frozenset({"urn:concept:extras"})
Finding = tuple[str, str]


def find_shape_errors(advert: Any) -> list[Finding]:
    """What makes the answer 400: (field, message) of each fault of the body's shape."""
    if not isinstance(advert, dict):
        return [("body", "body must be a JSON object")]
    required: list[tuple[str, Any, Any]] = [
        (name, advert.get(name), str) for name in ("site_urn", "category_urn", "title", "description")
    ]
    price, own = as_object(advert.get("price")), as_object(advert.get("custom_fields"))
    required += [("price.value", price.get("value"), (int, float)), ("price.currency", price.get("currency"), str)]
    required += [("custom_fields.id", own.get("id"), str)]
    required += [(f"location.{name}", value, (int, float)) for name, value in read_coordinates(advert)]
    if advert.get("contact") is not None:
        contact = as_object(advert["contact"])
        required += [(f"contact.{name}", contact.get(name), str) for name in ("name", "email")]
    errors = [finding for name, value, kind in required if (finding := check_member(name, value, kind))]
    return errors or [*find_wrong_values(advert, price), *find_image_errors(advert), *find_repeated_attributes(advert)]


def check_member(name: str, value: Any, kind: Any) -> Finding | None:
    if value is None or value == "":
        return name, f"{name} parameter is required"
    if isinstance(value, bool) or not isinstance(value, kind):
        return name, f"{name} parameter has an invalid type"
    return None


def read_coordinates(advert: dict[str, Any]) -> list[tuple[str, Any]]:
    """Coordinates to be checked; on Imovirtual a postal code stands in for both."""
    location = as_object(advert.get("location"))
    has_code = any(name.startswith("postal") and value for name, value in location.items())
    if advert.get("site_urn") == "urn:site:imovirtualcom" and has_code and "lat" not in location:
        return []
    return [("lat", location.get("lat")), ("lon", location.get("lon"))]


def find_wrong_values(advert: dict[str, Any], price: dict[str, Any]) -> list[Finding]:
    site = SITES.get(advert["site_urn"])
    if site is None:
        return [("site_urn", "site_urn parameter is unknown")]
    if price["currency"] not in site.currencies:
        return [("price.currency", f"price.currency must be one of {', '.join(sorted(site.currencies))}")]
    return [("price.value", "price.value must not be negative")] if price["value"] < 0 else []


def find_image_errors(advert: dict[str, Any]) -> list[Finding]:
    images = advert.get("images")
    if not isinstance(images, list) or not images:
        return [("images", "images parameter is required")]
    return [
        (f"images.{place}.url", "url must be a public URL")
        for place, image in enumerate(images)
        if not str(as_object(image).get("url", "")).startswith(("http://", "https://"))
    ]


def find_repeated_attributes(advert: dict[str, Any]) -> list[Finding]:
    attributes = advert.get("attributes") or []
    if not isinstance(attributes, list):
        return [("attributes", "attributes parameter has an invalid type")]
    times = Counter(str(as_object(attribute).get("urn")) for attribute in attributes)
    return [
        (urn, f"The attribute {urn} is present more than once")
        for urn, count in times.items()
        if count > 1 and urn not in MULTIPLE
    ]


def find_site_refusals(advert: dict[str, Any]) -> list[dict[str, str]]:
    """What the site refuses later, as the `validation` of an error event; a title with [refuse] always is."""
    if "[refuse]" in advert["title"]:
        return [{"detail": "Area has an invalid value", "field": "urn:concept:net-area-m2", "title": "Error"}]
    site = SITES[advert["site_urn"]]
    lengths = {"title": site.title, "description": site.description}
    return [
        {"detail": f"{name} must have {least} to {most} characters", "field": name, "title": "Error"}
        for name, (least, most) in lengths.items()
        if not least <= len(advert[name]) <= most
    ]


def list_small_images(advert: dict[str, Any]) -> list[str]:
    """The images the site skips: those with `tiny` in their URL."""
    return [image["url"] for image in advert["images"] if "tiny" in image["url"]]


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
