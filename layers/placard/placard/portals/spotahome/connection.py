"""What connecting Spotahome takes (contracts/spotahome.md §2): the agency's own login."""

from __future__ import annotations

from placard.portals.connection import Connection, Field

CONNECTION = Connection(
    account=(
        Field("email", "e-mail address"),
        Field("password", "password", secret=True),
        Field("owner_id", "owner id (may be empty)", optional=True),
    ),
)
