"""What connecting AVIV takes (contracts/aviv.md §1). Its token is one agency's: a customer has one account there."""

from __future__ import annotations

from placard.portals.connection import Connection, Field

CONNECTION = Connection(
    app=(Field("client_id", "client_id"), Field("client_secret", "client_secret", secret=True)),
    proof="path_key",
    account=(Field("intermediary_id", "intermediary id (RC-…)"),),
    one_account=True,
)
