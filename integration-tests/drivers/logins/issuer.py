"""An issuer of OAuth tokens: a discovery document, a key set and JWTs signed with RS256 by openssl."""

import base64
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from logins.certificates import openssl

SCOPE = "openid"
AUDIENCE = "pgdrover"
KEY_ID = "first"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Serves its documents on a free port of 127.0.0.1 until it is closed."""

    def __init__(self, directory):
        self.key = os.path.join(directory, "issuer.key")
        self.foreign_key = os.path.join(directory, "foreign-issuer.key")
        for key in (self.key, self.foreign_key):
            openssl("genrsa", "-out", key, "2048")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def token(self, subject, *, seconds=600, scope=SCOPE, audience=AUDIENCE, foreign=False):
        """@param foreign whether somebody else signs it in the issuer's name"""
        header = {"alg": "RS256", "typ": "at+jwt", "kid": KEY_ID}
        now = int(time.time())
        claims = {"iss": self.url, "sub": subject, "aud": audience, "scope": scope, "iat": now - 3600, "exp": now + seconds}
        text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.foreign_key if foreign else self.key, feed=text.encode())
        return f"{text}.{encoded(signature)}"

    def _handler(issuer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                document = issuer._documents().get(self.path)
                body = json.dumps(document or {}).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler

    def _documents(self):
        modulus = openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().removeprefix("Modulus=")
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": encoded(bytes.fromhex(modulus)), "e": "AQAB"}
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": {"keys": [key]},
        }
