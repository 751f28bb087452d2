"""GET of a subscription by a token that may not see its secret: one read."""

import json

import floor


def handler(event, _context):
    key = {"pk": f"CUSTOMER#{floor.customer_of(event)}", "sk": "WEBHOOK"}
    item = floor.client.sync_get_item(floor.TABLE, key, consistent_read=True)[0]
    if item is None:
        return floor.answer(404, {"title": "no subscription"})
    return floor.answer(200, json.loads(item["state"]))
