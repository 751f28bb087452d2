"""AVIV's Classifieds Management V4, which feeds SeLoger and its four sisters (contracts/aviv.md)."""

# Argument → the variable of template.yaml it is read from. What renders is in more functions than what calls.
RENDERER_VARIABLES = {"rules": "AVIV_RULES"}
PUBLISHER_VARIABLES = {
    "base_url": "AVIV_BASE_URL",
    "token_url": "AVIV_TOKEN_URL",
    "receiver_url": "AVIV_RECEIVER_URL",
    **RENDERER_VARIABLES,
}
