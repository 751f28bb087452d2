"""What the bare functions share: pydynox's compiled core without its package, the vault, and JSON answers."""

from __future__ import annotations

import base64
import json
import os
import time
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location

TABLE = os.environ["TABLE_NAME"]
_CACHED_FOR = 60


def _load_core():
    folder = PathFinder.find_spec("pydynox").submodule_search_locations[0]
    file = next(entry.path for entry in os.scandir(folder) if entry.name.startswith("pydynox_core"))
    spec = spec_from_file_location("pydynox.pydynox_core", file)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


core = _load_core()
_options = {"endpoint_url": os.environ.get("AWS_ENDPOINT_URL"), "connect_timeout": 1.0, "read_timeout": 2.0}
client = core.DynamoDBClient(**_options)
_secrets = {}


def read_secret(name):
    """Return a secret of the vault, from a cache of one minute."""
    read_at, value = _secrets.get(name, (0, None))
    if value is None or time.monotonic() - read_at > _CACHED_FOR:
        key = {"pk": name, "sk": "SECRET"}
        item = client.sync_get_item(os.environ["VAULT_TABLE_NAME"], key, consistent_read=True)[0]
        encryptor = core.KmsEncryptor(os.environ["VAULT_KEY_ID"], **_options)
        value = json.loads(encryptor.sync_decrypt(item["sealed"]))
        _secrets[name] = (time.monotonic(), value)
    return value


def read_body(event):
    """Return the bytes of a request."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def customer_of(event):
    """Return whom the caller acts for."""
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    return event["headers"].get("customer-id") or claims["client_id"]


def put_once(item):
    """Put an item unless it is there."""
    try:  # noqa: SIM105 - contextlib would be one import more
        client.sync_put_item(TABLE, item, condition_expression="attribute_not_exists(pk)")
    except core.ConditionalCheckFailedException:
        pass


def answer(status, value):
    """Return JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": body}
