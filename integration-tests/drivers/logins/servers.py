"""Everything that runs while drivers log in: PostgreSQL, a directory, an issuer of tokens, and proxies."""

import os
import socket

from logins import rules
from logins.certificates import Authority
from logins.directory import Directory
from logins.issuer import AUDIENCE, Issuer
from rig.postgres import HOST, PROXY_PASSWORD, PROXY_USER, PostgresCluster, binaries

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PROGRAM = os.path.join(REPOSITORY, "bin", "pgdrover")

SMALL = {"shared_buffers": "32MB", "max_wal_size": "256MB", "fsync": "off"}


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Servers:
    """@param modes of listen.tls.mode: there is a proxy for each"""

    def __init__(self, workplace, modes):
        self.workplace = workplace
        postgres, directory, *ports = free_ports(2 + len(modes))
        self._certify()
        self.issuer = Issuer(workplace.path)
        Directory(workplace, directory, "ldap", rules.password_of("ldap"))
        self._start_postgres(postgres)
        self.ports = dict(zip(modes, ports))
        self._start_proxies(rules.pool_hba(directory, self.issuer.url))

    def socket_directory(self, mode):
        return os.path.join(self.workplace.path, f"proxy-{mode}")

    def version(self):
        return self.cluster.version()

    def _certify(self):
        ours, foreign = (Authority(self.workplace.path, name) for name in ("ours", "foreign"))
        self.roots = {"ours": ours.certificate, "foreign": foreign.certificate}
        # Not for 127.0.0.1, which stands for a wrong name.
        self.served = ours.sign("localhost", "DNS:localhost")
        self.client_certificates = {
            None: (self._nowhere("crt"), self._nowhere("key")),
            "foreign": foreign.sign("cert"),
            **{name: ours.sign(name) for name in ("cert", "somebody", "cert-map@example.org", "scram", "scram-cert")},
        }

    def _nowhere(self, end):
        """A file that is not there, so that no driver looks for one in the home directory."""
        return os.path.join(self.workplace.path, f"none.{end}")

    def root(self, name):
        return self.roots[name] if name else self._nowhere("root")

    def _start_postgres(self, port):
        self.cluster = PostgresCluster(self.workplace, binaries(), port, settings=SMALL)
        with open(os.path.join(self.cluster.primary.data, "pg_hba.conf"), "w") as f:
            f.write(rules.SERVER_HBA)
        for text in ("SELECT pg_reload_conf()", *rules.roles(), rules.password_function(PROXY_USER)):
            self.cluster.sql(port, text)

    def _start_proxies(self, hba):
        started = []
        for mode, port in self.ports.items():
            directory = self.socket_directory(mode)
            os.makedirs(directory)
            for name, text in (("pool_hba.conf", hba), ("pg_ident.conf", rules.POOL_IDENT), ("users.txt", ""),
                               ("proxy.conf", self._configuration(mode, port))):
                with open(os.path.join(directory, name), "w") as f:
                    f.write(text)
            name = f"proxy-{mode}"
            started.append((name, self.workplace.start(
                name, [PROGRAM, "run", "-c", os.path.join(directory, "proxy.conf")], as_service=False), port))
            if len(started) == 1:
                self._await(*started[0])  # the script may build the jar, and only once
        for each in started[1:]:
            self._await(*each)

    def _await(self, name, process, port):
        def answers():
            try:
                socket.create_connection((HOST, port), 1).close()
                return True
            except OSError:
                return False

        self.workplace.await_ready(name, process, answers, 600)

    def _configuration(self, mode, port):
        certificate, key = self.served
        return f"""pgdrover {{
  listen {{
    host = "{HOST}", port = {port}, unix-socket-dir = "."
    tls {{ mode = {mode}, cert-file = "{certificate}", key-file = "{key}", ca-file = "{self.roots["ours"]}" }}
  }}
  auth {{
    ident-file = "pg_ident.conf"
    query {{ enabled = true }}
    oauth {{ audience = ["{AUDIENCE}"] }}
    # Wrong passwords are tried by the hundred here, and all from one address.
    limits {{ failure-delay = 1ms, max-failure-delay = 10ms }}
  }}
  cluster {{
    nodes = [{{ name = pg1, host = "{HOST}", port = {self.cluster.primary.port} }}]
    user = "{PROXY_USER}", password = "{PROXY_PASSWORD}"
  }}
  metrics {{ port = 0 }}
}}
"""
