"""The other side of a callback: servers on loopback, byte by byte what a test wants them to be, and their certificates."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Listener:
    """A server. `requests` are whole requests as they came; `connections` counts what was dialled."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def head(self) -> dict[str, str]:
        """The headers of the newest request, their names in lower case."""
        lines = self.requests[-1].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def body(self) -> bytes:
        """The body of the newest request."""
        return self.requests[-1].partition(b"\r\n\r\n")[2]


# What a server does with a connection whose request it has read. `Listener.stopping` ends what would go on for ever.
Answer = Callable[[socket.socket, Listener], None]


def say(text: str | bytes) -> Answer:
    """Answer with these bytes and hang up."""
    data = text.encode("latin-1") if isinstance(text, str) else text
    return lambda connection, _: connection.sendall(data)


def status(line: str, *headers: str, body: bytes = b"") -> Answer:
    """Answer with a whole HTTP answer."""
    head = "\r\n".join([f"HTTP/1.1 {line}", *headers, f"Content-Length: {len(body)}", "", ""])
    return say(head.encode("latin-1") + body)


@contextmanager
def listening(answer: Answer, *, reads: bool = True, tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """Serve one connection after another on a free port of 127.0.0.1; without `reads` the request stays unread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        listener = Listener(server.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(server, listener, answer, reads, tls), daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            listener.stopping.set()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", listener.port), 1):
                pass  # wakes accept()
            thread.join(5)
            assert not thread.is_alive()


def _serve(server: socket.socket, listener: Listener, answer: Answer, reads: bool, tls: ssl.SSLContext | None) -> None:
    while True:
        connection, _ = server.accept()
        if listener.stopping.is_set():
            connection.close()
            return
        listener.connections += 1
        # What the caller breaks off is its own business: the next connection is served.
        with contextlib.suppress(OSError), connection:
            if tls is None:
                _answer(connection, listener, answer, reads)
            else:
                with tls.wrap_socket(connection, server_side=True) as encrypted:
                    _answer(encrypted, listener, answer, reads)


def _answer(connection: socket.socket, listener: Listener, answer: Answer, reads: bool) -> None:
    if reads:
        listener.requests.append(_read_request(connection))
    answer(connection, listener)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: "))
    while len(body) < length:
        body += _receive(connection)
    return head + b"\r\n\r\n" + body


def _receive(connection: socket.socket) -> bytes:
    part = connection.recv(65_536)
    if not part:
        raise ConnectionResetError("the caller hung up")
    return part


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self._certificate = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(True, 0))

    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts this authority and no other."""
        return ssl.create_default_context(cadata=_pem(self._certificate).decode())

    def serve_as(self, hosts: Sequence[str], folder: Path, called_by: list[str | None]) -> ssl.SSLContext:
        """A server's context for these hosts, which notes the names it is called by."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        certificate = self._sign(x509.Name([]), key.public_key(), names)
        path = folder / "server.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + _pem(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        context.sni_callback = lambda _socket, name, _context: called_by.append(name)
        return context

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .sign(self._key, hashes.SHA256())
        )


def _general_name(host: str) -> x509.GeneralName:
    return x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
