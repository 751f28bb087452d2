"""Dataclasses of the core as plain JSON values and back. Members that have their default are left out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Restorer = Callable[[Any], Any]


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
    return cast("T", _restorer(cast("Any", kind))(packed))


def compress(packed: Any) -> bytes:
    """Return a JSON value as compressed text. Escaped, so that half a surrogate pair is no error."""
    return zlib.compress(json.dumps(packed, separators=(",", ":")).encode("ascii"))


def decompress(data: bytes) -> Any:
    """Return the JSON value that `compress` made this of."""
    return json.loads(zlib.decompress(data))


def unpacked_size(data: bytes) -> int:
    """Return how many bytes of JSON `compress` was given."""
    return len(zlib.decompress(data))


# Worked out once for each type: every request reads publications, and asking the types costs more than restoring them.
@cache
def _restorer(hint: Any) -> Restorer:
    """Return what restores a value of this type. None stands for itself, and what is of no known type stays as it is."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        restore = _restorer(next(argument for argument in arguments if argument is not type(None)))
        return lambda packed: None if packed is None else restore(packed)
    if origin in (tuple, frozenset):
        restore = _restorer(arguments[0])
        return lambda packed: origin(map(restore, packed))
    if origin is Mapping:
        name, value = _restorer(arguments[0]), _restorer(arguments[1])
        return lambda packed: {name(key): value(member) for key, member in packed.items()}
    if is_dataclass(hint):
        return _dataclass_restorer(hint)
    if isinstance(hint, type) and issubclass(hint, tuple):
        return lambda packed: hint(*packed)  # a NamedTuple, kept as a list
    return hint if isinstance(hint, type) and issubclass(hint, Enum) else _keep


def _dataclass_restorer(kind: Any) -> Restorer:
    restorers = {name: _restorer(hint) for name, hint in get_type_hints(kind).items()}
    return lambda packed: kind(**{name: restorers[name](packed[name]) for name in packed if name in restorers})


def _keep(packed: Any) -> Any:
    return packed


@cache
def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
