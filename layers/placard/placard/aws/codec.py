"""Dataclasses of the core as plain JSON values and back. Members that have their default are left out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def pack(value: Any) -> Any:
    """Return a dataclass as dict, list, str, int, bool and None, all the way down."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        members = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: pack(member) for field, member in members if member != _default(field)}
    if isinstance(value, Mapping):
        return {pack(key): pack(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [pack(member) for member in value]
    if isinstance(value, frozenset):
        return sorted(pack(member) for member in value)
    return value


def unpack(kind: type[T], packed: Mapping[str, Any]) -> T:
    """Return the dataclass that `pack` made this of. Members it does not know are passed over."""
    hints: dict[str, Any] = _hints(cast("Any", kind))
    return kind(**{name: _restore(hint, packed[name]) for name, hint in hints.items() if name in packed})


def compress(packed: Any) -> bytes:
    """Return a JSON value as compressed text. Escaped, so that half a surrogate pair is no error."""
    return zlib.compress(json.dumps(packed, separators=(",", ":")).encode("ascii"))


def decompress(data: bytes) -> Any:
    """Return the JSON value that `compress` made this of."""
    return json.loads(zlib.decompress(data))


def unpacked_size(data: bytes) -> int:
    """Return how many bytes of JSON `compress` was given."""
    return len(zlib.decompress(data))


def _restore(hint: Any, packed: Any) -> Any:
    if packed is None or hint is Any:
        return packed
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _restore(next(argument for argument in arguments if argument is not type(None)), packed)
    if origin in (tuple, frozenset):
        return origin(_restore(arguments[0], member) for member in packed)
    if origin is Mapping:
        return {_restore(arguments[0], key): _restore(arguments[1], member) for key, member in packed.items()}
    if is_dataclass(hint):
        return unpack(hint, packed)  # type: ignore[arg-type] # a dataclass in a type hint is a class
    if issubclass(hint, tuple):
        return hint(*packed)  # a NamedTuple, kept as a list
    return hint(packed) if issubclass(hint, Enum) else packed


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
