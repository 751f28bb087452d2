"""Which URLs a CRM may be called back at (contracts/hub.md §3): hostile spellings, hostile addresses, hostile name servers."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from placard.callbacks.addresses import (
    LONGEST_URL,
    NOT_PUBLIC_V4,
    NOT_PUBLIC_V6,
    Address,
    check_url,
    find_addresses,
    is_public,
    parse_url,
    resolve_and_check,
)
from placard.domain.refusals import CallbackRefusedError, ErrorSource, Fault

LAYER = Path(__file__).parents[3] / "layers" / "placard"
PUBLIC = "93.184.215.14"

# Each breaks one rule of the shape, wherever its host may lead.
ILL_SHAPED = [
    "",
    "crm.example",
    "//crm.example/x",
    "/x",
    "https:",
    "https:/",
    "https://",
    "https:///x",
    "https:crm.example",
    "https:/crm.example",
    "http://crm.example",
    "HTTP://crm.example",
    "ftp://crm.example",
    "file:///etc/passwd",
    "gopher://crm.example",
    "javascript:alert(1)",
    "data:text/plain,x",
    "ws://crm.example",
    "httpss://crm.example",
    " https://crm.example",
    "https://crm.example ",
    "https://crm.example/a b",
    "https://crm.example/\t",
    "https://crm.example/\r\nX-Injected: 1",
    "https://crm\n.example/",
    "ht\ntps://crm.example/",
    "\x00https://crm.example/",
    "https://crm.example/\x00",
    "https://crm.example/\x7f",
    "https://crm.example/\u202e",
    "https://crm.example/\u2028x",
    "https://user@crm.example",
    "https://user:word@crm.example",
    "https://@crm.example",
    "https://:@crm.example",
    "https://crm.example@127.0.0.1",
    "https://crm.example:443@127.0.0.1/x",
    "https://crm.example%40127.0.0.1/",
    "https://127.0.0.1\\@crm.example/",
    "https://crm.example\\.evil.example/",
    "https:\\\\crm.example",
    "https://crm.example?x=1",
    "https://crm.example/?",
    "https://crm.example/x?y",
    "https://crm.example#x",
    "https://crm.example/x#",
    "https://crm.example:0",
    "https://crm.example:00",
    "https://crm.example:65536",
    "https://crm.example:99999",
    "https://crm.example:443443",
    "https://crm.example:-1",
    "https://crm.example:+443",
    "https://crm.example:x",
    "https://crm.example:",
    "https://crm.example:/x",
    "https://crm.example:443:443",
    "https://crm.example:４４３/",
    "https://crm.example/é",
    "https://crm.example/%",
    "https://crm.example/%4",
    "https://crm.example/%zz",
    'https://crm.example/"x"',
    "https://crm.example/<x>",
    "https://crm.example/{x}",
    "https://crm.example/[x]",
    "https://crm.example/x|y",
    "https://crm.example/x^y",
    "https://crm.example/`x`",
    "https://crm.example.",
    "https://crm.example./x",
    "https://crm.example..",
    "https://.crm.example",
    "https://crm..example",
    "https://.",
    "https://..",
    "https://-crm.example",
    "https://crm-.example",
    "https://crm.example-",
    "https://crm!.example",
    "https://crm*.example",
    "https://*.example",
    "https://crm%2eexample",
    "https://crm,example",
    "https://crm;example",
    "https://crm=example",
    "https://crm$example",
    "https://crm'example",
    'https://crm"example',
    "https://(crm)",
    "https://<crm>",
    "https://{crm}",
    "https://crm^example",
    "https://crm|example",
    "https://crm`example",
    f"https://{'a' * 64}.example",
    f"https://{'a.' * 127}example",
    f"https://crm.example/{'x' * LONGEST_URL}",
    "https://crm\u2044.example",
    "https://crm／.example",
    "https://crm？.example",
    "https://crm＃.example",
    "https://crm＠.example",
    "https://crm：443",
    "https://\u200b.example",
    "https://xn--ü.example",
    "https://\ud800.example",
    "https://☃\u0300☃-.example",
    "https://[",
    "https://]",
    "https://[]",
    "https://[]:443",
    "https://[::1",
    "https://::1]",
    "https://::1",
    "https://2606:4700::1111",
    "https://[::1].crm.example",
    "https://[::1]crm.example",
    "https://crm.example[::1]",
    "https://[crm.example]",
    "https://[127.0.0.1]",
    "https://[::1]]",
    "https://[[::1]]",
    "https://[::1]:x",
    "https://[:::]",
    "https://[1::2::3]",
    "https://[2606:4700::1111%25eth0]",
    "https://[2606:4700::1111%eth0]",
    "https://[::ffff:127.1]",
    "https://[v1.x]",
]

# An address in any spelling but four decimal numbers: readers disagree on where these lead.
ODD_NUMBERS = [
    "0",
    "1",
    "127",
    "2130706433",
    "02130706433",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "127.0x1",
    "0x",
    "1.0x",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "127.0.0.01",
    "127.000.000.001",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.0.0.1.5",
    "127.0.0",
    "10.1",
    "192.168.257",
    "169.254.43518",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "0251.254.0xa9.254",
    "425.510.425.510",
    "256.0.0.1",
    "1.2.3.256",
    "1.2.3.999999999999999999999",
    "999",
    "4294967296",
    "4294967295",
    "18446744073709551617",
    "134744072",
    "0x08080808",
    "010.010.010.010",
    "08.8.8.8",
    "crm.1",
    "crm.example.0x1f",
    "１２７.１",
    "２１３０７０６４３３",
    "０ｘ７ｆ.1",
    "①②⑦.1",
    "127。1",
]

# Never called, whatever the scheme or the switch for loopback may be.
NEVER = [
    "0.0.0.0",  # noqa: S104
    "0.0.0.1",
    "0.255.255.255",
    "10.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.0",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.123",
    "169.254.169.253",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "172.16.0.0",
    "172.17.0.1",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.88.99.2",
    "192.168.0.0",
    "192.168.1.1",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "224.0.0.251",
    "239.255.255.250",
    "240.0.0.1",
    "254.255.255.255",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::2",
    "::7f00:1",
    "::127.0.0.1",
    "::169.254.169.254",
    "::8.8.8.8",
    "::ffff:0.0.0.0",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:1::1",
    "2001:2::1",
    "2001:3::1",
    "2001:4:112::1",
    "2001:10::1",
    "2001:20::1",
    "2001:30::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2001:db8:ffff:ffff::1",
    "2002::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:808:808::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "8000::1",
    "e000::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::23",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fdff:ffff::1",
    "fe00::1",
    "fe80::1",
    "fe80::1%lo",
    "fe80::a9fe:a9fe",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff00::1",
    "ff01::1",
    "ff02::1",
    "ff05::1:3",
    "ff0e::1",
    "2606:4700:4700::1111%eth0",
]
LOOPBACK = ["127.0.0.0", "127.0.0.1", "127.0.0.53", "127.1.2.3", "127.255.255.255", "::1"]
ANYBODY = [
    *("1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.215.14", "100.63.255.255", "100.128.0.0"),
    *("126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0"),
    *("192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17"),
    *("2000::1", "2001:200::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1"),
    *("2606:4700:4700::1111", "2a00:1450:4001:800::200e", "2600:1f18::1", "3ffe:ffff::1", "3fff:1000::1"),
]


class Names:
    """A name server: each look-up takes the next answer, and the last again and again."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def refusal(url: str, *, allow_loopback: bool = False, names: Names | None = None) -> str:
    """Why a URL is refused; fails if it is not."""
    with pytest.raises(CallbackRefusedError) as caught:
        resolve_and_check(url, allow_loopback, names or Names([PUBLIC]))
    return caught.value.reason


def as_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


# --- shape -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ILL_SHAPED, ids=ascii)
def test_an_ill_shaped_url_is_refused_before_anything_is_looked_up(url: str) -> None:
    names = Names([PUBLIC])
    assert refusal(url, names=names)
    assert names.asked == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://crm.example", "must begin with https://"),
        ("https://user:word@crm.example", "must not hold user info"),
        ("https://crm.example?x=1", "must not hold a query"),
        ("https://crm.example#x", "must not hold a fragment"),
        ("https://crm.example:0", "must name a port from 1 to 65535"),
        ("https://crm.example/é", "must have a path of URL characters, all others percent-encoded"),
        ("https://0x7f.1", "must write an address as four decimal numbers"),
        ("https://crm.example.", "must name a host, without a dot at its end"),
    ],
)
def test_a_refusal_says_what_to_mend(url: str, reason: str) -> None:
    assert refusal(url) == reason


@pytest.mark.parametrize("host", ODD_NUMBERS, ids=ascii)
@pytest.mark.parametrize("allow_loopback", [False, True])
def test_an_address_in_an_odd_spelling_is_refused(host: str, allow_loopback: bool) -> None:
    names = Names([PUBLIC])
    assert refusal(f"https://{host}/x", allow_loopback=allow_loopback, names=names)
    assert names.asked == []


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://crm.example", "https://crm.example"),
        ("https://crm.example/", "https://crm.example"),
        ("https://crm.example/x//", "https://crm.example/x/"),
        ("https://crm.example/hooks/lyon/", "https://crm.example/hooks/lyon"),
        ("HTTPS://CRM.Example/Hooks", "HTTPS://CRM.Example/Hooks"),
        ("https://crm.example:8443/x", "https://crm.example:8443/x"),
        ("https://crm.example/a%20b/~x;y=1,2/@me/$&'()*+!:", "https://crm.example/a%20b/~x;y=1,2/@me/$&'()*+!:"),
        ("https://my_crm.example", "https://my_crm.example"),
        ("https://crm", "https://crm"),
        ("https://1crm.2example", "https://1crm.2example"),
        ("https://1.1.1.1/x", "https://1.1.1.1/x"),
        ("https://bücher.example/x", "https://bücher.example/x"),
        ("https://xn--bcher-kva.example/x", "https://xn--bcher-kva.example/x"),
        ("https://[2606:4700:4700::1111]:8443/x/", "https://[2606:4700:4700::1111]:8443/x"),
    ],
)
def test_a_good_url_is_kept_as_it_is_but_for_one_slash(url: str, kept: str) -> None:
    assert check_url(url, allow_loopback=False) == kept
    assert resolve_and_check(url, allow_loopback=False, look_up=Names([PUBLIC, "2606:4700:4700::1111"])) == kept


def test_the_longest_url_is_taken() -> None:
    url = "https://crm.example/".ljust(LONGEST_URL, "x")
    assert check_url(url, allow_loopback=False) == url
    with pytest.raises(CallbackRefusedError, match="contract"):
        check_url(url + "x", allow_loopback=False)


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://CRM.Example/X", ("https", "crm.example", 443, "/X"), "crm.example"),
        ("https://crm.example:443", ("https", "crm.example", 443, ""), "crm.example"),
        ("https://crm.example:0443", ("https", "crm.example", 443, ""), "crm.example"),
        ("http://127.0.0.1:8080/x", ("http", "127.0.0.1", 8080, "/x"), "127.0.0.1:8080"),
        ("http://localhost/x", ("http", "localhost", 80, "/x"), "localhost"),
        ("https://[2606:4700:0::1111]:8443", ("https", "2606:4700::1111", 8443, ""), "[2606:4700::1111]:8443"),
        ("https://BÜCHER.example", ("https", "xn--bcher-kva.example", 443, ""), "xn--bcher-kva.example"),
        ("https://１２７.０.０.１", ("https", "127.0.0.1", 443, ""), "127.0.0.1"),
        ("https://ｃｒｍ。example", ("https", "crm.example", 443, ""), "crm.example"),
    ],
)
def test_where_a_url_leads(url: str, target: tuple[str, str, int, str], authority: str) -> None:
    parsed = parse_url(url, allow_loopback=True)
    assert parsed == target
    assert parsed.authority == authority


@given(st.text(max_size=60) | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
@example("https://[::1%]")
@example("https://\u2100.example")
@example("https://a.b\u00ad")
def test_any_text_is_either_a_url_or_refused_and_its_normal_form_stands(text: str) -> None:
    try:
        target = parse_url(text, allow_loopback=True)
    except CallbackRefusedError as error:
        assert error.source is ErrorSource.BODY
        assert error.faults == (Fault("/url", error.reason),)
        return
    again = f"{target.scheme}://{target.authority}{target.path}"
    assert again.isascii()
    assert parse_url(again, allow_loopback=True) == target


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*NEVER, *LOOPBACK])
def test_nothing_but_public_addresses_is_called(address: str) -> None:
    assert not is_public(ip_address(address))
    assert refusal("https://crm.example/x", names=Names([address])) == "must lead to public addresses only"
    if "%" not in address:
        assert refusal(f"https://{as_host(address)}/x", names=Names([address])) == "must lead to public addresses only"


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_switch_for_loopback_lets_nothing_else_in(address: str, scheme: str) -> None:
    assert refusal(f"{scheme}://crm.example/x", allow_loopback=True, names=Names([address]))


@pytest.mark.parametrize("address", LOOPBACK)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_switch_for_loopback_lets_loopback_in(address: str, scheme: str) -> None:
    url = f"{scheme}://{as_host(address)}:8080/agency"
    assert resolve_and_check(url, allow_loopback=True, look_up=Names([address])) == url
    assert resolve_and_check(f"{scheme}://crm.local", allow_loopback=True, look_up=Names([address]))


@pytest.mark.parametrize("address", ANYBODY)
def test_public_addresses_are_called_by_https_alone(address: str) -> None:
    names = Names([address])
    for allow_loopback in (False, True):
        assert resolve_and_check(f"https://{as_host(address)}", allow_loopback, names)
    reason = refusal(f"http://{as_host(address)}", allow_loopback=True, names=names)
    assert reason == "must be https, but to a loopback address"


@pytest.mark.parametrize("bad", ["10.0.0.1", "127.0.0.1", "::1", "fd00:ec2::254", "nonsense", ""])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_address_among_good_ones_is_enough(bad: str, place: int) -> None:
    answer = [PUBLIC, "2606:4700:4700::1111"]
    answer.insert(place, bad)
    assert refusal("https://crm.example", names=Names(answer)) == "must lead to public addresses only"


@given(st.ip_addresses(v=4))
@example(IPv4Address("192.0.0.9"))
@example(IPv4Address("224.0.0.1"))
def test_what_is_called_is_global_to_python_too_v4(address: IPv4Address) -> None:
    assert not is_public(address) or is_global(address)


@given(st.ip_addresses(v=6) | st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address))
@example(IPv6Address("2001:20::1"))
def test_what_is_called_is_global_to_python_too_v6(address: IPv6Address) -> None:
    assert not is_public(address) or is_global(address)


@given(st.ip_addresses(v=4))
def test_no_ipv6_address_that_carries_an_ipv4_address_is_called(inner: IPv4Address) -> None:
    number = int(inner)
    teredo = (0x2001 << 112) | (number ^ 0xFFFFFFFF)
    six_to_four = (0x2002 << 112) | (number << 80)
    nat64 = (0x64FF9B << 96) | number
    for value in (number, (0xFFFF << 32) | number, (0xFFFF << 48) | number, teredo, six_to_four, nat64):
        assert not is_public(IPv6Address(value))


def is_global(address: Address) -> bool:
    return address.is_global and not (
        address.is_private
        or address.is_multicast
        or address.is_reserved
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
    )


@pytest.mark.parametrize("network", [*NOT_PUBLIC_V4, *NOT_PUBLIC_V6], ids=str)
def test_a_refused_network_is_refused_to_its_ends(network: object) -> None:
    first, last = network[0], network[-1]  # type: ignore[index]
    assert not is_public(first)
    assert not is_public(last)


# --- name servers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), OSError("x"), UnicodeError("x"), TimeoutError("x")])
def test_a_host_that_cannot_be_found_is_refused(error: Exception) -> None:
    def look_up(host: str, port: int) -> Sequence[str]:
        raise error

    with pytest.raises(CallbackRefusedError) as caught:
        resolve_and_check("https://crm.example", allow_loopback=False, look_up=look_up)
    assert caught.value.reason == "names a host that cannot be found"
    assert refusal("https://crm.example", names=Names([])) == "names a host that cannot be found"


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    released = threading.Event()

    def look_up(host: str, port: int) -> Sequence[str]:
        released.wait()
        return [PUBLIC]

    try:
        with pytest.raises(CallbackRefusedError) as caught:
            find_addresses(parse_url("https://crm.example", False), False, 0.05, look_up)
    finally:
        released.set()
    assert caught.value.reason == "names a host that could not be looked up in time"


def test_the_name_asked_for_is_the_one_of_the_url() -> None:
    names = Names([PUBLIC])
    resolve_and_check("https://BÜCHER.example:8443/x", allow_loopback=False, look_up=names)
    assert names.asked == [("xn--bcher-kva.example", 8443)]


def test_the_systems_own_names_are_asked_unless_told_otherwise() -> None:
    assert resolve_and_check("http://localhost:8080/x/", allow_loopback=True) == "http://localhost:8080/x"
    with pytest.raises(CallbackRefusedError):
        resolve_and_check("https://localhost", allow_loopback=False)
    with pytest.raises(CallbackRefusedError):
        resolve_and_check("https://127.0.0.1", allow_loopback=False)


def test_a_subscription_needs_no_http_client() -> None:
    code = (
        "import sys, placard.callbacks.addresses\n"
        "print({'httpx', 'httpcore', 'ssl', 'idna', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(LAYER)}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "set()", done.stderr
