"""The log-ins that are tried, and what each must lead to over an encrypted connection and over another one."""

from typing import NamedTuple

from logins.rules import DATABASE, password_of

OK = "ok"


class Refused(NamedTuple):
    """By the proxy, or by the server behind it; late is after AuthenticationOk."""

    state: str
    text: str
    late: bool = False


class Own(NamedTuple):
    """The driver ends it by itself: with words in which this regular expression is found, by library."""

    words: dict


class Login(NamedTuple):
    method: str
    case: str
    user: str
    plain: object
    tls: object  # or a dictionary of such, by mode; the modes that are not in it are left out
    password: str = None
    certificate: str = None  # what client certificate is shown
    root: str = "ours"  # the authority that is to have signed the proxy's certificate
    host: str = "localhost"
    binding: str = "prefer"
    socket: bool = False
    listens: str = "prefer"  # the proxy's listen.tls.mode
    token: dict = None
    drivers: tuple = ("psql", "psycopg", "pgjdbc", "node-postgres")

    def secret(self):
        return self.password or password_of(self.user)


def on_both(method, case, user, outcome, **more):
    return Login(method, case, user, outcome, outcome, **more)


def with_tls(method, case, user, outcome, **more):
    """Under a rule of type hostssl."""
    return Login(method, case, user, no_entry(user, "no encryption"), outcome, **more)


def no_entry(user, encryption):
    return Refused("28000", f"no pool_hba.conf entry for {_described(user, encryption)}")


def rejects(user, encryption):
    return Refused("28000", f"pool_hba.conf rejects connection for {_described(user, encryption)}")


def _described(user, encryption):
    return f'host "127.0.0.1", user "{user}", database "{DATABASE}", {encryption}'


def wrong(user, kind="password", state="28P01"):
    return Refused(state, f'{kind} authentication failed for user "{user}"')


def passwords(method, user, login=on_both):
    """Right, wrong and nobody's."""
    nobody = f"{user}-nobody"
    return [login(method, "right", user, OK), login(method, "wrong password", user, wrong(user), password="wrong"),
            login(method, "unknown user", nobody, wrong(nobody))]


NO_CERTIFICATE = Refused("28000", "connection requires a valid client certificate")
ONLY_ENCRYPTED = Refused("28000", "this proxy takes encrypted connections only: connect with sslmode=require")

ALERT = Own({"libpq": "alert", "node-postgres": "ALERT"})
UNBOUND = Own({"libpq": "channel binding required", "pgjdbc": "(?i)channel binding"})
BOUND_ONLY = Own({"libpq": "none of the server's SASL authentication mechanisms are supported",
                  "pgjdbc": "Channel Binding|SCRAM", "node-postgres": "SASL: Only mechanism.* are supported"})
NO_OAUTH = Own({"libpq": "none of the server's SASL authentication mechanisms are supported",
                "pgjdbc": "Invalid SCRAM client initialization", "node-postgres": "SASL: Only mechanism"})
NOT_SIGNED = Own({"libpq": "certificate verify failed", "pgjdbc": "PKIX path", "node-postgres": "certificate",
                  "wire": "CERTIFICATE_VERIFY_FAILED"})
OTHER_NAME = Own({"libpq": 'does not match host name "127.0.0.1"', "pgjdbc": "127.0.0.1",
                  "node-postgres": "ERR_TLS_CERT_ALTNAME_INVALID", "wire": "CERTIFICATE_VERIFY_FAILED"})
NO_TLS_ON_SOCKET = Own({"node-postgres": "does not support SSL connections|disconnected before secure TLS connection"})

NO_UNIX_SOCKETS_IN_JAVA = ("psql", "psycopg", "node-postgres")
# pgjdbc does not show a certificate of an authority that the proxy has not named.
SHOWING_ANY = NO_UNIX_SOCKETS_IN_JAVA
WITH_BINDING_REQUIRED = ("psql", "psycopg", "pgjdbc")


def bearer(case, outcome, **token):
    return on_both("oauth", case, "oauth", outcome, token={"subject": "oauth", **token}, drivers=("wire",))


def listening(mode, case, outcome, **more):
    return Login(f"scram-sha-256, listen.tls.mode={mode}", case, "scram", ONLY_ENCRYPTED, outcome, listens=mode, **more)


LOGINS = [
    on_both("trust", "right", "trust", OK),
    on_both("trust", "unknown user", "trust-nobody", Refused("28000", 'role "trust-nobody" does not exist', late=True)),
    Login("reject", "right", "reject", rejects("reject", "no encryption"), rejects("reject", "SSL encryption")),
    Login("no rule fits", "right", "stranger", no_entry("stranger", "no encryption"), no_entry("stranger", "SSL encryption")),
    *passwords("password", "password"),
    *passwords("md5", "md5"),
    on_both("md5, stored as SCRAM", "right", "md5-scram", OK),
    on_both("md5, stored as SCRAM", "wrong password", "md5-scram", wrong("md5-scram"), password="wrong"),
    *passwords("scram-sha-256", "scram"),
    Login("scram-sha-256, channel_binding=require", "right", "scram", UNBOUND, OK, binding="require", drivers=WITH_BINDING_REQUIRED),
    *passwords("scram-sha-256-plus", "plus", with_tls),
    with_tls("scram-sha-256-plus, channel_binding=require", "right", "plus", OK, binding="require", drivers=WITH_BINDING_REQUIRED),
    with_tls("scram-sha-256-plus, channel_binding=disable", "right", "plus", BOUND_ONLY, binding="disable"),
    on_both("trust, channel_binding=require", "right", "trust", UNBOUND, binding="require", drivers=WITH_BINDING_REQUIRED),
    with_tls("cert", "right", "cert", OK, certificate="cert"),
    with_tls("cert", "no certificate", "cert", NO_CERTIFICATE),
    with_tls("cert", "another's", "cert", wrong("cert", "certificate", "28000"), certificate="somebody"),
    with_tls("cert", "foreign authority", "cert", ALERT, certificate="foreign", drivers=SHOWING_ANY),
    with_tls("cert", "foreign authority", "cert", NO_CERTIFICATE, certificate="foreign", drivers=("pgjdbc",)),
    with_tls("cert map=people", "mapped name", "cert-map", OK, certificate="somebody"),
    with_tls("cert map=people", "mapped by regular expression", "cert-map", OK, certificate="cert-map@example.org"),
    with_tls("cert map=people", "not in the map", "cert-map", wrong("cert-map", "certificate", "28000"), certificate="cert"),
    with_tls("scram-sha-256 clientcert=verify-full", "right", "scram-cert", OK, certificate="scram-cert"),
    with_tls("scram-sha-256 clientcert=verify-full", "wrong password", "scram-cert", wrong("scram-cert"), certificate="scram-cert",
             password="wrong"),
    with_tls("scram-sha-256 clientcert=verify-full", "no certificate", "scram-cert", NO_CERTIFICATE),
    with_tls("scram-sha-256 clientcert=verify-full", "another's", "scram-cert", wrong("scram-cert"), certificate="somebody"),
    Login("peer map=machine", "right", "peer", OK, NO_TLS_ON_SOCKET, socket=True, drivers=NO_UNIX_SOCKETS_IN_JAVA),
    Login("peer map=machine", "not in the map", "peer-stranger", wrong("peer-stranger", "Peer", "28000"), NO_TLS_ON_SOCKET,
          socket=True, drivers=NO_UNIX_SOCKETS_IN_JAVA),
    on_both("ldap", "right", "ldap", OK),
    on_both("ldap", "wrong password", "ldap", wrong("ldap", "LDAP", "28000"), password="wrong"),
    on_both("ldap", "unknown user", "ldap-nobody", wrong("ldap-nobody", "LDAP", "28000")),
    on_both("oauth", "right", "oauth", NO_OAUTH),
    bearer("right", OK),
    bearer("expired", wrong("oauth", "OAuth bearer", "28000"), seconds=-600),
    bearer("signed by another", wrong("oauth", "OAuth bearer", "28000"), foreign=True),
    bearer("another's", wrong("oauth", "OAuth bearer", "28000"), subject="somebody"),
    bearer("for another service", wrong("oauth", "OAuth bearer", "28000"), audience="other"),
    bearer("other scope", wrong("oauth", "OAuth bearer", "28000"), scope="email"),
    listening("require", "right", OK),
    listening("verify-ca", "a certificate", OK, certificate="somebody"),
    listening("verify-ca", "no certificate", NO_CERTIFICATE),
    listening("verify-ca", "foreign authority", ALERT, certificate="foreign", drivers=SHOWING_ANY),
    listening("verify-ca", "foreign authority", NO_CERTIFICATE, certificate="foreign", drivers=("pgjdbc",)),
    listening("verify-full", "the user's certificate", OK, certificate="scram"),
    listening("verify-full", "another's", wrong("scram"), certificate="somebody"),
    listening("verify-full", "no certificate", NO_CERTIFICATE),
    *(Login("the proxy's certificate", case, "scram", None, outcomes, **more) for case, outcomes, more in (
        ("of another authority", dict.fromkeys(("verify-ca", "verify-full", "direct"), NOT_SIGNED), {"root": "foreign"}),
        ("for another name", {"verify-ca": OK, "verify-full": OTHER_NAME, "direct": OTHER_NAME}, {"host": "127.0.0.1"}))),
]
