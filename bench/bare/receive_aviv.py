"""AVIV's callback: the token in its path, one conditional write."""

import base64
import hashlib
import hmac
import json
import time
import zlib

import floor


def handler(event, _context):
    _, token, _, remote_id, _ = event["rawPath"].split("/")
    name, _, mac = token.partition(".")
    customer = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4))
    key = floor.read_secret("aviv/app")["path_key"].encode()
    proof = base64.urlsafe_b64encode(hmac.new(key, customer, hashlib.sha256).digest()).decode()[:32]
    if not hmac.compare_digest(proof, mac):
        return {"statusCode": 404}
    raw = floor.read_body(event)
    body = json.loads(raw)
    said = [body.get(name) for name in ("status", "subStatus", "statusDate")]
    known = [customer.decode(), remote_id, sorted(body["portals"]), *said]
    digest = hashlib.sha256(json.dumps(known, separators=(",", ":")).encode()).hexdigest()
    now = time.time_ns() // 1_000_000
    pk = f"REMOTE#aviv#{remote_id}"
    floor.put_once(
        {
            "pk": pk,
            "sk": f"EVENT#{digest}",
            "kind": "EVENT",
            "provider": "aviv",
            "customer": customer.decode(),
            "raw": zlib.compress(raw),
            "received_at": now,
            "parks": True,
            "expires_at": now // 1000 + 400 * 86_400,
            "due_at": now + 60_000,
            "due_shard": str(zlib.crc32(pk.encode()) % 8),
        }
    )
    return {"statusCode": 201}
