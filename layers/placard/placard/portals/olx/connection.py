"""What connecting OLX takes (contracts/olx.md §1): an agency consents on the site's own page."""

from __future__ import annotations

from placard.portals.connection import Connection, Field

CONNECTION = Connection(
    app=(
        Field("client_id", "client_id"),
        Field("client_secret", "client_secret", secret=True),
        Field("api_key", "api_key", secret=True),
        Field("notification_secret", "notification_secret", secret=True),
    ),
    proof="notification_secret",
)
