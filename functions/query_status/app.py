"""The CRM's reading calls: wiring only."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.http_api import Request, Response, serve
from placard.aws.observability import start_logging
from placard.use_cases.list_changes import list_changes
from placard.use_cases.list_publications import HEALTHS, MOST_PUBLICATIONS, list_publications
from placard.use_cases.paging import LARGEST_LIMIT, Listing
from placard.use_cases.query_status import (
    PORTALS,
    STATUSES,
    Filter,
    list_classifieds,
    list_statuses,
    read_classified,
)


def get_classifieds(request: Request) -> Response:
    """GET /classifieds"""
    limit, token = request.read_limit(LARGEST_LIMIT), request.read_parameter("nextToken")
    key = request.read_parameter("offererEstateId")
    return page(list_classifieds(bootstrap.classified_store(), request.customer, limit, token, key))


def get_classified(request: Request) -> Response:
    """GET /classifieds/{classifiedId}"""
    store, classified_id, language = bootstrap.classified_store(), request.path["classifiedId"], request.read_language()
    reading = read_classified(store, request.customer, classified_id, language)
    return Response(200, reading.shown, {"etag": f'"{reading.revision}"'}).in_language(language)


def get_statuses(request: Request) -> Response:
    """GET /classifieds/{classifiedId}/statuses"""
    wanted = Filter(
        latest=request.read_parameter("filter", ("latest",)) is not None,
        statuses=frozenset(request.read_parameters("status", STATUSES)),
        portals=frozenset(request.read_parameters("portal", PORTALS)),
    )
    limit, token = request.read_limit(LARGEST_LIMIT), request.read_parameter("nextToken")
    store, classified_id, language = bootstrap.classified_store(), request.path["classifiedId"], request.read_language()
    listing = list_statuses(store, request.customer, classified_id, wanted, limit=limit, token=token, language=language)
    return page(listing).in_language(language)


def get_publications(request: Request) -> Response:
    """GET /publications"""
    limit, token = request.read_limit(MOST_PUBLICATIONS), request.read_parameter("nextToken")
    health, language = request.read_parameter("health", HEALTHS), request.read_language()
    store = bootstrap.classified_store()
    return page(list_publications(store, request.customer, limit, token, health, language)).in_language(language)


def get_changes(request: Request) -> Response:
    """GET /statuses"""
    limit, since = request.read_limit(LARGEST_LIMIT), request.read_parameter("since")
    scale = bootstrap.settings().time_scale
    changes = list_changes(bootstrap.classified_store(), bootstrap.clock(), request.customer, limit, since, scale)
    return Response(200, {"items": list(changes.items), "cursor": changes.cursor})


def page(listing: Listing) -> Response:
    """Return V4's answer to a list."""
    more = {} if listing.next_token is None else {"nextToken": listing.next_token}
    return Response(200, {"items": list(listing.items)} | more)


ROUTES = {
    "GET /classifieds": get_classifieds,
    "GET /classifieds/{classifiedId}": get_classified,
    "GET /classifieds/{classifiedId}/statuses": get_statuses,
    "GET /publications": get_publications,
    "GET /statuses": get_changes,
}

start_logging()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway."""
    return serve(ROUTES, event, bootstrap.settings().trusted_clients)
