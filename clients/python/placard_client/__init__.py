"""A typed client of Placard's API: `Client` has a method for each call, `models` the shapes, `errors` the refusals."""

from placard_client.client import Client
from placard_client.errors import RefusedError
from placard_client.runtime import ClientCredentials

__all__ = ["Client", "ClientCredentials", "RefusedError"]
