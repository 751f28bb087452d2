"""The unguessable part of the address AVIV calls back: it names the customer and proves that we made it (§4.4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

KEYS = ("path_key", "previous_path_key")
MAC_LENGTH = 32


def make_token(customer: str, key: str) -> str:
    """Return the token of a customer: base64url of its name, a dot, and the beginning of a keyed hash of it."""
    name = base64.urlsafe_b64encode(customer.encode()).decode("ascii").rstrip("=")
    return f"{name}.{_sign(customer, key)}"


def read_token(token: str, keys: tuple[str, ...]) -> str | None:
    """Return the customer a token names, None unless one of these keys made it. Compares in constant time."""
    name, _, mac = token.partition(".")
    try:
        customer = base64.b64decode(name + "=" * (-len(name) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    claimed = mac.encode("utf-8", "replace")
    matches = [hmac.compare_digest(_sign(customer, key).encode(), claimed) for key in keys]
    return customer if any(matches) else None


def _sign(customer: str, key: str) -> str:
    mac = hmac.new(key.encode(), customer.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode("ascii")[:MAC_LENGTH]
