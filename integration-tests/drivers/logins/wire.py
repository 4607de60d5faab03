"""A log-in with OAUTHBEARER as it is on the wire, which no driver here can do (PostgreSQL manual, section 53.3.2)."""

import socket
import ssl
import struct

SSL_REQUEST = struct.pack("!II", 8, 80877103)
OK, SASL, SASL_CONTINUE = 0, 10, 11
SEPARATOR = b"\1"


def log_in(host, port, user, database, token, context=None, direct=False):
    """@param context of TLS; None is no encryption
    @return as the drivers' programs print it"""
    try:
        with socket.create_connection((host, port), 30) as connection:
            if context is None:
                return _log_in(_Messages(connection), user, database, token, "plain")
            if not direct:
                connection.sendall(SSL_REQUEST)
                if connection.recv(1) != b"S":
                    return ["refused", "own the server does not support SSL"]
            with context.wrap_socket(connection, server_hostname=host) as encrypted:
                return _log_in(_Messages(encrypted), user, database, token, "tls")
    except OSError as e:
        return ["refused", f"own {e}"]


def _log_in(messages, user, database, token, encryption):
    messages.start(user=user, database=database)
    while True:
        kind, body = messages.receive()
        if kind == b"E":
            fields = {field[:1]: field[1:].decode() for field in body.split(b"\0") if field}
            return ["refused", f"{fields[b'C']} {fields[b'M']}"]
        if kind == b"Z":
            return ["ok", messages.ask("SELECT current_user"), encryption]
        if kind == b"R":
            _answer(messages, struct.unpack_from("!I", body)[0], body[4:], token)


def _answer(messages, code, data, token):
    if code == SASL:
        assert data.split(b"\0")[:-2] == [b"OAUTHBEARER"], data
        response = b"n,," + SEPARATOR + b"auth=Bearer " + token.encode() + SEPARATOR * 2
        messages.send(b"p", b"OAUTHBEARER\0" + struct.pack("!I", len(response)) + response)
    elif code == SASL_CONTINUE:
        assert b'"invalid_token"' in data, data
        messages.send(b"p", SEPARATOR)
    else:
        assert code == OK, code


class _Messages:
    """Messages of protocol 3.0 on a socket."""

    def __init__(self, connection):
        self._connection = connection

    def start(self, **parameters):
        body = struct.pack("!HH", 3, 0) + b"".join(f"{name}\0{value}\0".encode() for name, value in parameters.items()) + b"\0"
        self._connection.sendall(struct.pack("!I", len(body) + 4) + body)

    def send(self, kind, body):
        self._connection.sendall(kind + struct.pack("!I", len(body) + 4) + body)

    def receive(self):
        kind, length = struct.unpack("!cI", self._exactly(5))
        return kind, self._exactly(length - 4)

    def ask(self, sql):
        """The one value that is the answer."""
        self.send(b"Q", sql.encode() + b"\0")
        value = None
        while True:
            kind, body = self.receive()
            if kind == b"D":
                value = body[6:].decode()
            elif kind == b"E":
                raise OSError(f"{sql}: {body!r}")
            elif kind == b"Z":
                return value

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            part = self._connection.recv(count - len(data))
            if not part:
                raise OSError("the connection was closed")
            data += part
        return data


def trusting():
    """A context that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def checking(root, name):
    """@param name whether the certificate's name is checked too"""
    context = ssl.create_default_context(cafile=root)
    context.check_hostname = name
    return context


def direct(root):
    context = checking(root, True)
    context.set_alpn_protocols(["postgresql"])
    return context
