"""A bare relay of the hub's hops: what is taken is written, what is written is queued, what is queued is passed on.

It checks nothing, remembers nothing and repeats nothing. Its calls of DynamoDB are pydynox's compiled core, as the hub's.
"""

import http.client
import json
import os
from urllib.parse import urlsplit

import floor

TARGET = urlsplit(os.environ["TARGET"])
_clients = {}


def take(event, _context):
    """A caller's request: one write. `/wish` goes out by one stream, `/message` by two, as a portal's callback does."""
    _, kind, name = event["rawPath"].split("/")
    floor.put_once({"pk": f"{kind}#{name}", "sk": kind, "kind": kind, "raw": floor.read_body(event)})
    return {"statusCode": 202}


def pass_on(event, _context):
    """The stream: a message is folded into an entry, a wish and an entry are queued."""
    queued = []
    for record in event["Records"]:
        keys = record["dynamodb"]["Keys"]
        kind, name = keys["pk"]["S"].split("#")
        if keys["sk"]["S"] == "message":
            floor.put_once({"pk": f"entry#{name}", "sk": "entry", "kind": "entry"})
        else:
            queued.append({"Id": str(len(queued)), "MessageBody": f"/relay/{kind}/{name}"})
    if queued:
        _sqs().send_message_batch(QueueUrl=os.environ["QUEUE_URL"], Entries=queued)


def tell(event, _context):
    """The queue: one call each."""
    for record in event["Records"]:
        connection = http.client.HTTPConnection(TARGET.hostname, TARGET.port, timeout=10)
        connection.request("POST", record["body"], json.dumps({}), {"content-type": "application/json"})
        connection.getresponse().read()
        connection.close()


def _sqs():
    if "sqs" not in _clients:
        import boto3  # noqa: PLC0415 - only who queues pays for it

        _clients["sqs"] = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    return _clients["sqs"]
