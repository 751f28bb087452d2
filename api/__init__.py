"""The hub's API described: `openapi.yaml` is made from this package, which takes every list of values from the code itself."""
