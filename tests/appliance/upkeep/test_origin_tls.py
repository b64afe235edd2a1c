"""Tests of asking a server over TLS: a certificate that holds, one that does not, a handshake without an end."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from appliance.clock import RealClock
from appliance.upkeep.origin import OriginSource
from packager.format import origin
from tests.appliance.upkeep.line import fetching
from tests.appliance.upkeep.test_origin import GOOD, PIECE, RANGE

HERE = "127.0.0.1"


@pytest.fixture
def certificate(tmp_path):
    """Key and certificate of this machine in one file."""
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HERE)])
    now = RealClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HERE))]), critical=False)
        .sign(key, None)
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return path


@pytest.fixture
def secure(certificate):
    """The address of a server with that certificate that has the piece."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    head = f"HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Range: {RANGE}\r\n\r\n"

    def serve(listener):
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(4096)
                secured.sendall(head.encode() + GOOD)
        except OSError:
            connection.close()

    with socket.create_server((HERE, 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"https://{HERE}:{listener.getsockname()[1]}/books"
        thread.join(60)


def test_known_certificate_is_taken(secure, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert OriginSource(secure, fetching()).fetch(PIECE).chunk == GOOD


def test_unknown_certificate_is_refused(secure):
    got = OriginSource(secure, fetching()).fetch(PIECE)
    assert got.chunk is None
    assert got.away


def test_handshake_that_is_drawn_out_ends_at_the_deadline():
    stop = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")  # a record of 16,384 bytes
                while not stop.wait(0.1):
                    connection.sendall(b"\0")
            except OSError:
                return

    with socket.create_server((HERE, 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,), daemon=True)
        thread.start()
        watch = threading.Timer(20, stop.set)
        watch.start()
        begun = time.monotonic()
        address = f"https://{HERE}:{listener.getsockname()[1]}/books"
        with pytest.raises((OSError, origin.OriginError)):
            origin.fetch(
                address,
                PIECE.sha256,
                size=PIECE.size,
                offset=PIECE.offset,
                length=PIECE.length,
                deadline=0.5,
            )
        assert time.monotonic() - begun < 15
        watch.cancel()
        stop.set()
        thread.join(60)
