"""Casita, a portal nobody has: the fourth provider of docs/adding-a-portal.md, with all that its folder needs.

Its API, in full. `POST /homes`, `PUT /homes/{id}` and `DELETE /homes/{id}` with the agency's key as a bearer token answer 202
with `{home, ticket}`; a refusal is `{message, errors: [{field, message}]}`. What became of it is news: a POST to the hub of
`{home, ticket, news, at, url, reason}`, signed in `casita-signature` with the HMAC-SHA256 of its body. `GET /homes/{id}` gives
the latest news of a home, `GET /homes` a page of `{homes: [{home, reference}], next}`, of one `reference` where it is named.
"""

# Argument → the variable of template.yaml it is read from. What renders is in more functions than what calls.
RENDERER_VARIABLES: dict[str, str] = {}
PUBLISHER_VARIABLES = {"base_url": "CASITA_BASE_URL"}
