"""OLX's notification: its signature, one conditional write."""

import hashlib
import hmac
import json
import time
import zlib

import floor


def handler(event, _context):
    raw = floor.read_body(event)
    body = json.loads(raw)
    envelope = body if "object_id" in body else body["data"]
    signed = f"{envelope['object_id']},{envelope['transaction_id']}".encode()
    secret = floor.read_secret("olx/app")["notification_secret"].encode()
    proof = hmac.new(secret, signed, hashlib.sha1).hexdigest()
    if not hmac.compare_digest(proof, event["headers"].get("x-signature", "")):
        return {"statusCode": 401}
    said = {name: value for name, value in envelope.items() if name != "destination"}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()
    now = time.time_ns() // 1_000_000
    pk = f"REMOTE#olx#{envelope['object_id']}"
    floor.put_once(
        {
            "pk": pk,
            "sk": f"EVENT#{digest}",
            "kind": "EVENT",
            "provider": "olx",
            "raw": zlib.compress(raw),
            "received_at": now,
            "parks": True,
            "expires_at": now // 1000 + 400 * 86_400,
            "due_at": now + 60_000,
            "due_shard": str(zlib.crc32(pk.encode()) % 8),
        }
    )
    return {"statusCode": 200}
