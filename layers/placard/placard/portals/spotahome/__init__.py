"""Spotahome, which never calls: the hub reads its listing processes (contracts/spotahome.md)."""

# Argument → the variable of template.yaml it is read from. What renders is in more functions than what calls.
RENDERER_VARIABLES: dict[str, str] = {}
PUBLISHER_VARIABLES = {"base_url": "SPOTAHOME_BASE_URL", "create_url": "SPOTAHOME_CREATE_URL"}
