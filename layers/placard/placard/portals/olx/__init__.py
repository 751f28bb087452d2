"""OLX Group's advert API: Imovirtual, Otodom, Storia and OLX Romania (contracts/olx.md)."""

# Argument → the variable of template.yaml it is read from. What renders is in more functions than what calls.
RENDERER_VARIABLES: dict[str, str] = {}
PUBLISHER_VARIABLES = {"base_url": "OLX_BASE_URL"}
