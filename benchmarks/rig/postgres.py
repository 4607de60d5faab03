"""A PostgreSQL primary with streaming standbys, on loopback, from installed binaries."""

import glob
import os
import signal
import subprocess

from rig.processes import StartFailed, find_program, kill_tree, require_free

HOST = "127.0.0.1"
SUPERUSER = "postgres"
SUPERUSER_PASSWORD = "superuser-secret"
PROXY_USER = "pgdrover"
PROXY_PASSWORD = "cluster-secret"
CLIENT_USER = "bench"
CLIENT_PASSWORD = "bench-secret"
DATABASE = "bench"

# What the proxy's own user needs for probes and for failover; the README says the same.
PROXY_USER_RIGHTS = """
CREATE ROLE {user} LOGIN PASSWORD '{password}';
GRANT pg_monitor TO {user};
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer), pg_reload_conf() TO {user};
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo TO {user};
"""


def binaries():
    """The directory with initdb, postgres, pg_basebackup, psql and pgbench of the newest installed PostgreSQL."""
    candidates = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]), reverse=True)
    beside_initdb = find_program("initdb")
    if beside_initdb:
        candidates.append(os.path.dirname(beside_initdb))
    for directory in candidates:
        if os.path.exists(os.path.join(directory, "initdb")):
            return directory
    raise StartFailed("PostgreSQL: no initdb found (expected: under /usr/lib/postgresql/*/bin or on PATH; "
                      "install postgresql or name the directory with --pg-bin)")


class Server:
    """One PostgreSQL instance."""

    def __init__(self, name, port, data, process):
        self.name = name
        self.port = port
        self.data = data
        self.process = process


class PostgresCluster:
    """A primary (pg1) and its standbys (pg2, pg3, …)."""

    def __init__(self, workplace, bin_dir, port_base, standbys=0, auth="trust", settings=None):
        self.workplace = workplace
        self.bin_dir = bin_dir
        self.port_base = port_base
        self.auth = auth
        self.settings = settings or {}
        self.servers = []
        self._start_primary()
        for number in range(2, standbys + 2):
            self._start_standby(number)

    @property
    def primary(self):
        return self.servers[0]

    def version(self):
        return self.sql(self.primary.port, "SHOW server_version").strip()

    def sql(self, port, text, database="postgres", seconds=30):
        """Runs SQL as the superuser with psql; unaligned output."""
        command = [self._bin("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", HOST, "-p", str(port),
                   "-U", SUPERUSER, "-d", database, "-c", text]
        return self.workplace.run(command, env=self._environment(), timeout=seconds)

    def set_everywhere(self, name, value):
        """A setting on the primary and on every standby, for the time when one of them is the primary."""
        for server in self.servers:
            self.sql(server.port, f"ALTER SYSTEM SET {name} = '{value}'")
            self.sql(server.port, "SELECT pg_reload_conf()")

    def kill_primary(self):
        """kill -9 of the postmaster and all its children, as a crash of the machine would do it."""
        victim = self.primary.process
        kill_tree(victim.pid)
        self.workplace.forget(victim)

    def _start_primary(self):
        data = self.workplace.directory("pg1")
        self.workplace.run([self._bin("initdb"), "-D", data, "-U", SUPERUSER, "--no-locale", "-E", "UTF8", "-A", "trust", "-N"])
        with open(os.path.join(data, "postgresql.conf"), "a") as conf:
            conf.write(self._configuration())
        self.workplace.write(os.path.join(data, "pg_hba.conf"), (
            f"local all all trust\nhost all {SUPERUSER} {HOST}/32 trust\n"
            f"host replication {SUPERUSER} {HOST}/32 trust\nhost all all {HOST}/32 {self.auth}\n"))
        self._start("pg1", self.port_base, data)
        port = self.primary.port
        self.sql(port, f"CREATE ROLE {CLIENT_USER} LOGIN PASSWORD '{CLIENT_PASSWORD}'")
        self.sql(port, f"ALTER ROLE {SUPERUSER} PASSWORD '{SUPERUSER_PASSWORD}'")
        self.sql(port, PROXY_USER_RIGHTS.format(user=PROXY_USER, password=PROXY_PASSWORD))
        self.sql(port, f"CREATE DATABASE {DATABASE} OWNER {CLIENT_USER}")

    def _start_standby(self, number):
        name, data = f"pg{number}", self.workplace.directory(f"pg{number}")
        source = f"host={HOST} port={self.primary.port} user={SUPERUSER} application_name={name}"
        self.workplace.run([self._bin("pg_basebackup"), "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", source])
        self._start(name, self.port_base + number - 1, data)
        self.workplace.await_ready(
            name, self.servers[-1].process,
            lambda: self.sql(self.primary.port, "SELECT count(*) FROM pg_stat_replication "
                             f"WHERE state = 'streaming' AND application_name = '{name}'").strip() == "1")

    def _start(self, name, port, data):
        require_free(HOST, port)
        command = [self._bin("postgres"), "-D", data, "-p", str(port), "-c", f"cluster_name={name}"]
        process = self.workplace.start(name, command, stop_signal=signal.SIGINT, env=self._environment())
        self.servers.append(Server(name, port, data, process))
        self.workplace.await_ready(name, process, lambda: self._accepts(port))

    def _accepts(self, port):
        command = [self._bin("pg_isready"), "-q", "-h", HOST, "-p", str(port)]
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0

    def _configuration(self):
        settings = {
            "listen_addresses": HOST, "unix_socket_directories": "", "max_connections": "400", "shared_buffers": "512MB",
            "max_wal_size": "4GB", "checkpoint_timeout": "30min", "wal_level": "replica", "wal_log_hints": "on",
            "max_wal_senders": "20", "hot_standby": "on", "password_encryption": "scram-sha-256",
            "log_min_messages": "warning", **self.settings}
        return "".join(f"{name} = '{value}'\n" for name, value in settings.items())

    def _bin(self, program):
        return os.path.join(self.bin_dir, program)

    @staticmethod
    def _environment():
        return {**{key: value for key, value in os.environ.items() if not key.startswith("PG")}, "LC_ALL": "C"}
