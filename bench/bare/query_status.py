"""GET of a classified: one query for it and its publications."""

import json
import zlib

import floor


def handler(event, _context):
    classified_id = event["pathParameters"]["classifiedId"]
    rows, _, _ = floor.client.sync_query_page(
        floor.TABLE,
        "pk = :pk AND sk <= :last",
        expression_attribute_values={":pk": f"CLASSIFIED#{classified_id}", ":last": "PUBLICATION#~"},
        consistent_read=True,
    )
    if not rows or rows[0]["customer"] != floor.customer_of(event) or rows[0]["deleted"]:
        return floor.answer(404, {"title": "no such classified"})
    classified, *publications = rows
    latest = [json.loads(publication["latest"]) for publication in publications]
    shown = json.loads(zlib.decompress(classified["body"]))
    shown |= {"classifiedId": classified_id, "revision": classified["revision"], "latest": latest}
    return floor.answer(200, shown)
