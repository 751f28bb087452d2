"""A bare relay of the hub's hops: what is taken is written, what is written is queued, what is queued is passed on.

It checks nothing, remembers nothing and repeats nothing. Its calls of DynamoDB are pydynox's compiled core, as the hub's.
"""

import http.client
import os
from urllib.parse import urlsplit

import floor

TARGET = urlsplit(os.environ["TARGET"])
_clients = {}


def take(event, _context):
    """A caller's request: one write. `/wish/NAME` goes out by one stream, `/message/NAME` by two, as a portal's callback."""
    _, kind, name = event["rawPath"].split("/")
    floor.put_once({"pk": name, "sk": kind, "kind": kind, "raw": floor.read_body(event)})
    return {"statusCode": 202}


def fold(event, _context):
    """The stream's messages: each becomes an entry."""
    for record in event["Records"]:
        name = record["dynamodb"]["Keys"]["pk"]["S"]
        floor.put_once({"pk": name, "sk": "entry", "kind": "entry"})


def queue(event, _context):
    """The stream's wishes and entries: each is queued, ten in a call."""
    keys = [record["dynamodb"]["Keys"] for record in event["Records"]]
    paths = [f"/relay/{key['sk']['S']}/classifieds/{key['pk']['S']}/statuses" for key in keys]
    for start in range(0, len(paths), 10):
        entries = [{"Id": str(number), "MessageBody": path} for number, path in enumerate(paths[start : start + 10])]
        _sqs().send_message_batch(QueueUrl=os.environ["QUEUE_URL"], Entries=entries)


def tell(event, _context):
    """The queue: one call each."""
    for record in event["Records"]:
        connection = http.client.HTTPConnection(TARGET.hostname, TARGET.port, timeout=10)
        connection.request("POST", record["body"], "{}", {"content-type": "application/json"})
        connection.getresponse().read()
        connection.close()


def _sqs():
    if "sqs" not in _clients:
        import boto3  # noqa: PLC0415 - only who queues pays for it

        _clients["sqs"] = boto3.client("sqs")
    return _clients["sqs"]
