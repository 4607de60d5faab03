"""The log-in as it is on the wire: the server side must offer SCRAM-SHA-256 and refuse what is no log-in."""

import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from report import DATABASE, HOST, PORT, USER, Report, expect  # noqa: E402

SSL_REQUEST, GSS_REQUEST = 80877103, 80877104


def dial():
    return socket.create_connection((HOST, int(PORT)), 10)


def startup(sock, minor=0, **parameters):
    pairs = {"user": USER, "database": DATABASE, **parameters}
    body = struct.pack("!HH", 3, minor) + b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
    sock.sendall(struct.pack("!I", len(body) + 4) + body)


def message(sock):
    """The next backend message as (type, body)."""
    kind = exactly(sock, 1)
    return kind, exactly(sock, struct.unpack("!I", exactly(sock, 4))[0] - 4)


def exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        assert part, "the connection was closed"
        data += part
    return data


def offers_scram():
    with dial() as sock:
        startup(sock)
        kind, body = message(sock)
        expect((kind, body[:4]), (b"R", struct.pack("!I", 10)))
        assert b"SCRAM-SHA-256" in body[4:].split(b"\0"), body


def answers_encryption_requests():
    for code, allowed in ((GSS_REQUEST, b"NG"), (SSL_REQUEST, b"NS")):
        with dial() as sock:
            sock.sendall(struct.pack("!II", 8, code))
            answer = exactly(sock, 1)
            assert answer in (bytes([c]) for c in allowed), answer


def takes_startup_byte_by_byte():
    with dial() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = struct.pack("!HH", 3, 0) + f"user\0{USER}\0database\0{DATABASE}\0\0".encode()
        for byte in struct.pack("!I", len(body) + 4) + body:
            sock.sendall(bytes([byte]))
        expect(message(sock)[0], b"R")


def negotiates_newer_minor_version():
    with dial() as sock:
        startup(sock, minor=99, **{"_pq_.unknown_option": "1"})
        kind, body = message(sock)
        expect(kind, b"v")
        assert b"_pq_.unknown_option\0" in body, body


def refuses_cancel_of_nobody():
    with dial() as sock:
        sock.sendall(struct.pack("!IIII", 16, 80877102, 1, 1))
        expect(sock.recv(1), b"")


report = Report("wire")
report.check("SCRAM-SHA-256 is offered", offers_scram)
report.check("SSLRequest and GSSENCRequest are answered", answers_encryption_requests)
report.check("start-up message in single bytes", takes_startup_byte_by_byte)
report.check("newer protocol version is negotiated", negotiates_newer_minor_version)
report.check("cancel with an unknown key is closed without an answer", refuses_cancel_of_nobody)
report.exit()
