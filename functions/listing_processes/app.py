"""Spotahome's listing processes for the CRM, in the shapes of seed 004: wiring only."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.http_api import Request, Response, serve
from placard.aws.http_hal import HAL
from placard.aws.observability import start_logging
from placard.use_cases.listing_processes import (
    FILTERS,
    assign_agent,
    cancel_process,
    list_processes,
    list_states,
    read_paging,
    read_paging_leniently,
    unassign_agent,
)


def get_processes(request: Request) -> Response:
    """GET /listing-processes"""
    filters = {name: value for name in FILTERS if (value := request.read_parameter(name)) is not None}
    paging = read_paging(request.read_parameter("page"), request.read_parameter("itemsPerPage"))
    return Response(200, list_processes(bootstrap.process_store(), request.customer, filters, paging))


def get_states(request: Request) -> Response:
    """GET /listing-processes/states"""
    given = dict(request.query)
    return Response(200, list_states(read_paging_leniently(given.get("page"), given.get("itemsPerPage"))))


def cancel(request: Request) -> Response:
    """DELETE /listing-processes/{id}"""
    stores = bootstrap.process_store(), bootstrap.publication_store()
    cancel_process(*stores, bootstrap.clock(), request.customer, request.path["id"], request.traceparent)
    return Response(204)


def assign(request: Request) -> Response:
    """PUT /listing-processes/{id}/assignation"""
    store, clock = bootstrap.process_store(), bootstrap.clock()
    assign_agent(store, clock, request.customer, request.path["id"], request.read_body, request.traceparent)
    return Response(204)


def unassign(request: Request) -> Response:
    """DELETE /listing-processes/{id}/assignation"""
    store, clock = bootstrap.process_store(), bootstrap.clock()
    unassign_agent(store, clock, request.customer, request.path["id"], request.traceparent)
    return Response(204)


ROUTES = {
    "GET /listing-processes": get_processes,
    "GET /listing-processes/states": get_states,
    "DELETE /listing-processes/{id}": cancel,
    "PUT /listing-processes/{id}/assignation": assign,
    "DELETE /listing-processes/{id}/assignation": unassign,
}

start_logging()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway."""
    return serve(ROUTES, event, bootstrap.settings().trusted_clients, HAL)
