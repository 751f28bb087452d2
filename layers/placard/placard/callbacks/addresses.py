"""Which URLs a CRM may be called back at, judged on the addresses that are really dialled (contracts/hub.md §3).

A callback URL is chosen by a customer and called from inside the hub's cloud account: everything that is not plainly a
public host is refused, and the name is looked up and judged again at each call.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlsplit

from placard.domain.refusals import CallbackRefusedError

Address = IPv4Address | IPv6Address
# From a host and a port to the texts of its addresses; raises OSError or UnicodeError where there are none.
LookUp = Callable[[str, int], Sequence[str]]

LONGEST_URL = 2_048
LOOK_UP_SECONDS = 3.0  # while a caller of our API waits

# IANA's registries of special-purpose addresses, read strictly: also what is reserved for later, for examples or for
# translation to IPv4. Written out, because what `ipaddress` calls global differs between releases of Python.
NOT_PUBLIC_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers (CGNAT), and some clouds' metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's own services
        "169.254.0.0/16",  # link-local, with the clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# All that is given out of IPv6. Outside of it lie loopback, link-local, unique local (fd00:ec2::254 too), multicast and
# every form that carries an IPv4 address but 6to4 and Teredo: mapped, compatible, translated (64:ff9b::/96).
PUBLIC_V6 = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)

# Not the mapped ::ffff:127.0.0.1, which newer releases of Python call loopback too.
LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))

_USUAL_PORTS = {"https": 443, "http": 80}
_FORBIDDEN = {
    "?": "must not hold a query",
    "#": "must not hold a fragment",
    "\\": "must not hold a backslash",
}
_AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^:@\[\]]+))(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")


class Target(NamedTuple):
    """Where a URL leads. `host` is ASCII in lower case, an IPv6 address without brackets; `path` is "" or begins with "/"."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as a URL and the Host header name them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORTS[self.scheme] else f"{host}:{self.port}"


def resolve_and_check(url: str, allow_loopback: bool, look_up: LookUp | None = None) -> str:
    """Return the URL to subscribe, without one `/` at its end, once all addresses of its host may be called.

    Raises CallbackRefusedError. That it may be called now says nothing of later: the sender judges again.
    """
    kept = check_url(url, allow_loopback)
    find_addresses(parse_url(kept, allow_loopback), allow_loopback, LOOK_UP_SECONDS, look_up)
    return kept


def check_url(url: str, allow_loopback: bool) -> str:
    """Return a URL of the right shape without one `/` at its end; nothing is looked up. Raises CallbackRefusedError."""
    if len(url) > LONGEST_URL:
        raise CallbackRefusedError(f"must have at most {LONGEST_URL} characters")
    kept = url.removesuffix("/")
    parse_url(kept, allow_loopback)
    return kept


def parse_url(url: str, allow_loopback: bool) -> Target:
    """Return where a URL leads: https (with loopback http too), any port, no user info, query or fragment.

    A host given as a number must be in the one usual spelling: readers differ on what `0177.1` is. Raises CallbackRefusedError.
    """
    for character, reason in _FORBIDDEN.items():
        if character in url:
            raise CallbackRefusedError(reason)
    if not url.isprintable() or " " in url:
        raise CallbackRefusedError("must not hold white space or control characters")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise CallbackRefusedError("is not a URL") from None
    schemes = ("https", "http") if allow_loopback else ("https",)
    if parts.scheme not in schemes:
        raise CallbackRefusedError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if "@" in parts.netloc:
        raise CallbackRefusedError("must not hold user info")
    authority = _AUTHORITY.fullmatch(parts.netloc)
    if authority is None:
        raise CallbackRefusedError("must name a host, and no more than a port after it")
    port = int(authority["port"] or _USUAL_PORTS[parts.scheme])
    if not 0 < port < 65_536:
        raise CallbackRefusedError("must name a port from 1 to 65535")
    if not _PATH.fullmatch(parts.path):
        raise CallbackRefusedError("must have a path of URL characters, all others percent-encoded")
    host = _read_name(authority["name"]) if authority["name"] else _read_ipv6(authority["ipv6"])
    return Target(parts.scheme, host, port, parts.path)


def find_addresses(
    target: Target, allow_loopback: bool, seconds: float, look_up: LookUp | None = None
) -> tuple[Address, ...]:
    """Return the addresses of a target, each of which may be called. Raises CallbackRefusedError if one may not.

    The reasons name no address, so that nobody learns from them what our name servers know.
    """
    texts = _within(seconds, look_up or _look_up, target)
    if not texts:
        raise CallbackRefusedError("names a host that cannot be found")
    addresses = []
    for text in texts:
        try:
            address = ip_address(text)
        except ValueError:
            raise CallbackRefusedError("must lead to public addresses only") from None
        if reason := check_address(address, target.scheme, allow_loopback):
            raise CallbackRefusedError(reason)
        addresses.append(address)
    return tuple(addresses)


def check_address(address: Address, scheme: str, allow_loopback: bool) -> str | None:
    """Return why an address may not be called, None where it may."""
    if allow_loopback and _is_in(address, LOOPBACK):
        return None
    if scheme == "http":
        return "must be https, but to a loopback address"
    return None if is_public(address) else "must lead to public addresses only"


def is_public(address: Address) -> bool:
    """Whether anybody on the internet can be meant by it."""
    if isinstance(address, IPv4Address):
        return not _is_in(address, NOT_PUBLIC_V4)
    return address in PUBLIC_V6 and address.scope_id is None and not _is_in(address, NOT_PUBLIC_V6)


def _is_in(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _read_ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise CallbackRefusedError("names a host that is no IPv6 address") from None


def _read_name(text: str) -> str:
    host = _to_ascii(text)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise CallbackRefusedError("must name a host, without a dot at its end")
    # What ends in a number is an address to every reader (WHATWG URL, "ends in a number").
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise CallbackRefusedError("must write an address as four decimal numbers") from None
    return host


def _to_ascii(host: str) -> str:
    if host.isascii():
        return host.lower()
    import idna  # noqa: PLC0415  -- its tables are large, and few hosts need them

    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise CallbackRefusedError("names a host that is no international name") from None


def _look_up(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _within(seconds: float, look_up: LookUp, target: Target) -> Sequence[str]:
    """Look up a host in a thread of its own: the system's resolver takes no time limit."""
    box: SimpleQueue[Sequence[str]] = SimpleQueue()

    def work() -> None:
        try:
            box.put(look_up(target.host, target.port))
        except (OSError, UnicodeError):
            box.put(())

    Thread(target=work, daemon=True).start()
    try:
        return box.get(timeout=max(seconds, 0))
    except Empty:
        raise CallbackRefusedError("names a host that could not be looked up in time") from None
