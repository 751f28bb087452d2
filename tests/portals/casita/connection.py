"""What connecting Casita takes: the secret its news are signed with, and each agency's one key."""

from __future__ import annotations

from placard.portals.connection import Connection, Field

CONNECTION = Connection(
    app=(Field("news_secret", "news secret", secret=True),),
    proof="news_secret",
    account=(Field("key", "API key", secret=True),),
    one_account=True,
)
