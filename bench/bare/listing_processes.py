"""GET of a customer's listing processes: one query, one page."""

import json

import floor


def handler(event, _context):
    customer = floor.customer_of(event)
    rows, _, _ = floor.client.sync_query_page(
        floor.TABLE,
        "pk = :pk AND begins_with(sk, :processes)",
        expression_attribute_values={":pk": f"CUSTOMER#{customer}", ":processes": "PROCESS#"},
        consistent_read=True,
    )
    items = [json.loads(row["state"]) for row in rows]
    last = max(1, -(-len(items) // 100))
    links = {
        name: {"href": f"/listing-processes?page={page}"} for name, page in (("self", 1), ("first", 1), ("last", last))
    }
    shown = items[:100]
    page = {"count": len(shown), "total": len(items), "_links": links, "_embedded": {"sah:listing-processes": shown}}
    return floor.answer(200, page)
