"""pydynox's compiled core: how it is loaded, how long it may take, and what its errors mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, FileFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any, NamedTuple

from placard.domain.errors import StoreUnavailableError


class Limits(NamedTuple):
    """How long one call may take, in seconds. `attempts` counts the first one; up to a second passes between two."""

    connect: float
    read: float
    attempts: int


# A portal waits 2 s and our whole answer may take 1 s (contracts/hub.md §4): no room for an attempt after a pause.
QUICK = Limits(connect=0.3, read=0.6, attempts=1)
PATIENT = Limits(connect=1.0, read=2.0, attempts=3)


class ItemBusyError(StoreUnavailableError):
    """A transaction holds the item at this moment."""


@cache
def load_engine() -> ModuleType:
    """Return pydynox's compiled module, without the package around it.

    The package imports its models, asyncio and ssl first: 0.13 s against 0.02 s, on the path that a portal waits for.
    """
    package = find_spec("pydynox")
    folders = package.submodule_search_locations if package is not None else None
    finders = [FileFinder(folder, (ExtensionFileLoader, EXTENSION_SUFFIXES)) for folder in folders or ()]
    specs = [found for finder in finders if (found := finder.find_spec("pydynox.pydynox_core")) is not None]
    spec = specs[0] if specs else None
    if spec is None or spec.loader is None:
        raise ImportError("pydynox is not installed")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def connect(limits: Limits) -> Any:
    """Return a DynamoDB client; region, credentials and AWS_ENDPOINT_URL come from the environment."""
    return load_engine().DynamoDBClient(**_options(limits))


def open_encryptor(key_id: str, limits: Limits) -> Any:
    """Return the envelope encryptor of one KMS key."""
    return load_engine().KmsEncryptor(key_id, **_options(limits))


def _options(limits: Limits) -> dict[str, Any]:
    return {
        "endpoint_url": os.environ.get("AWS_ENDPOINT_URL") or None,
        "connect_timeout": limits.connect,
        "read_timeout": limits.read,
        # Counts attempts, whatever its name says: 1 means no repetition.
        "max_retries": limits.attempts,
    }


@contextmanager
def translating() -> Iterator[None]:
    """Turn timeouts, throttling, broken connections and 5xx into StoreUnavailableError, what is left is our mistake."""
    engine = load_engine()
    unavailable = (
        engine.ConnectionException,
        engine.ProvisionedThroughputExceededException,
        engine.EncryptionException,
    )
    try:
        yield
    except unavailable as error:
        raise StoreUnavailableError(str(error)) from error
    except engine.PydynoxException as error:
        # Errors it has no class for: those of the server, and the one of a transaction in progress.
        if type(error) is not engine.PydynoxException:
            raise
        kind = ItemBusyError if "Transaction is ongoing" in str(error) else StoreUnavailableError
        raise kind(str(error)) from error
