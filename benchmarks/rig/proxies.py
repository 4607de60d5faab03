"""The contenders: something that listens for PostgreSQL clients on a port, and the process whose CPU it costs."""

import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections import Counter

from rig.postgres import (CLIENT_PASSWORD, CLIENT_USER, DATABASE, HOST, PROXY_PASSWORD, PROXY_USER, SUPERUSER)
from rig.processes import CpuMeter, StartFailed, find_program, require_free

REPOSITORY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Setup:
    """What every proxy is set up with: the cluster behind it, its port, and limits equal for all."""

    def __init__(self, workplace, cluster, pool_size, max_clients, mode, auth, *, stored="plain", clear_text=None, processes=None):
        """stored: plain, verifier, or query (the proxy asks the cluster, if it can), of the client's password;
        clear_text: a database to which clients log in with method password;
        processes: of a proxy that has one for each client, where that is not max_clients."""
        self.workplace = workplace
        self.cluster = cluster
        self.pool_size = pool_size
        self.max_clients = max_clients
        self.mode = mode
        self.auth = auth
        self.stored = stored
        self.clear_text = clear_text
        self.processes = processes or max_clients

    def secret(self):
        """What is stored of the client's password."""
        if self.stored == "plain":
            return CLIENT_PASSWORD
        return self.cluster.sql(self.cluster.primary.port, f"SELECT rolpassword FROM pg_authid WHERE rolname = '{CLIENT_USER}'").strip()

    def hba(self):
        """Lines that every proxy understands."""
        method = "scram-sha-256" if self.auth == "scram-sha-256" else "trust"
        clear_text = f"host {self.clear_text} all {HOST}/32 password\n" if self.clear_text else ""
        return f"{clear_text}host all all {HOST}/32 {method}\n"


class Direct:
    """No proxy: the primary itself."""

    name = "direct"
    cpu = None
    notes = []

    @classmethod
    def require(cls):
        pass

    def __init__(self, setup):
        self.port = setup.cluster.primary.port
        self.version = f"PostgreSQL {setup.cluster.version()}"

    def supports(self, _protocol):
        return True


class _Proxy:
    """A process of its own; subclasses write its files and say how it starts."""

    as_service = True
    stop_signal = signal.SIGTERM
    start_seconds = 60
    program = None
    remedy = None

    @classmethod
    def require(cls):
        """Fails when the program is not there."""
        if not cls.program or not os.path.exists(cls.program):
            raise StartFailed(f"{cls.name}: {cls.program or 'not found'} (expected: a program; {cls.remedy}, "
                              "or leave it out with --contenders)")

    def __init__(self, setup, port, name=None):
        self.setup = setup
        self.port = port
        self.name = name or self.name
        self.notes = []
        require_free(HOST, port)
        self.directory = setup.workplace.directory(self.name.replace(" ", "-"))
        self.version = self._version()
        self.process = setup.workplace.start(
            self.name, self._command(), stop_signal=self.stop_signal, as_service=self.as_service)
        setup.workplace.await_ready(self.name, self.process, self._answers, self.start_seconds)
        self.cpu = CpuMeter(self.process.pid)

    def supports(self, _protocol):
        return True

    def _write(self, name, text):
        return self.setup.workplace.write(os.path.join(self.directory, name), text)

    def _answers(self):
        """Whether a client of the benchmark gets an answer to a query."""
        try:
            socket.create_connection((HOST, self.port), 1).close()
        except OSError:
            return False
        environment = {**os.environ, "PGPASSWORD": CLIENT_PASSWORD, "PGCONNECT_TIMEOUT": "5"}
        command = [os.path.join(self.setup.cluster.bin_dir, "psql"), "-X", "-q", "-A", "-t", "-h", HOST, "-p", str(self.port),
                   "-U", CLIENT_USER, "-d", DATABASE, "-c", "SELECT 1"]
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        return done.returncode == 0


class Pgbouncer(_Proxy):
    """PgBouncer: one process, one thread, no look at the SQL."""

    name = "pgbouncer"
    stop_signal = signal.SIGINT
    program = find_program("pgbouncer")
    remedy = "install the package pgbouncer"

    def _version(self):
        text = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
        self.number = tuple(int(part) for part in re.search(r"(\d+)\.(\d+)", text).groups())
        return text

    def supports(self, protocol):
        return protocol != "prepared" or self.setup.mode == "session" or self.number >= (1, 21)

    def _command(self):
        s = self.setup
        users = self._write("users.txt", f'"{CLIENT_USER}" "{s.secret()}"\n')
        prepared = "max_prepared_statements = 200\n" if self.number >= (1, 21) else ""
        auth = "scram-sha-256" if s.auth == "scram-sha-256" else "trust"
        if s.clear_text:
            auth = f"hba\nauth_hba_file = {self._write('pg_hba.conf', s.hba())}"
        conf = self._write("pgbouncer.ini", f"""[databases]
* = host={HOST} port={s.cluster.primary.port}
[pgbouncer]
listen_addr = {HOST}
listen_port = {self.port}
unix_socket_dir =
auth_type = {auth}
auth_file = {users}
pool_mode = {s.mode}
default_pool_size = {s.pool_size}
max_client_conn = {s.max_clients + 20}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_stats = 0
{prepared}""")
        return [self.program, "-q", conf]


class Pgpool(_Proxy):
    """Pgpool-II: one process per client, which keeps one server connection per node."""

    name = "pgpool"
    stop_signal = signal.SIGINT
    program = find_program("pgpool")
    remedy = "install the package pgpool2"

    def _version(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True)
        return (done.stdout + done.stderr).splitlines()[0]

    def _command(self):
        s, children = self.setup, self.setup.processes + 4
        self.notes.append(f"pgpool has a process and a server connection per node for each client: num_init_children = {children}, "
                          "max_pool = 1; the pool size does not apply to it")
        backends = "".join(
            f"backend_hostname{i} = '{HOST}'\nbackend_port{i} = {server.port}\nbackend_weight{i} = 1\n"
            f"backend_flag{i} = 'DISALLOW_TO_FAILOVER'\nbackend_data_directory{i} = '{server.data}'\n"
            for i, server in enumerate(s.cluster.servers))
        scram = s.auth == "scram-sha-256"
        conf = self._write("pgpool.conf", f"""
backend_clustering_mode = 'streaming_replication'
listen_addresses = '{HOST}'
port = {self.port}
socket_dir = '{self.directory}'
pcp_listen_addresses = ''
pcp_port = {self.port + 1}
pcp_socket_dir = '{self.directory}'
{backends}
enable_pool_hba = {'on' if scram else 'off'}
pool_passwd = '{self._write("pool_passwd", f"{CLIENT_USER}:TEXT{CLIENT_PASSWORD}" + chr(10))}'
num_init_children = {children}
max_pool = 1
child_life_time = 0
connection_life_time = 0
pid_file_name = '{self.directory}/pgpool.pid'
logdir = '{self.directory}'
load_balance_mode = {'on' if len(s.cluster.servers) > 1 else 'off'}
sr_check_period = 10
sr_check_user = '{SUPERUSER}'
sr_check_database = 'postgres'
health_check_period = 0
use_watchdog = off
log_min_messages = warning
""")
        hba = self._write("pool_hba.conf", s.hba())
        return [self.program, "-n", "-f", conf, "-F", self._write("pcp.conf", ""), "-a", hba]


class Pgdrover(_Proxy):
    """This project's proxy, through the same script that users run."""

    name = "pgdrover"
    as_service = False
    start_seconds = 600  # the script builds the jar when there is none
    program = os.path.join(REPOSITORY, "bin", "pgdrover")
    remedy = "check the clone out wholly"
    extra = ""  # lines for proxy.conf, inside pgdrover { }

    def _version(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise StartFailed(f"{self.program} --version: exit status {done.returncode}\n{(done.stdout + done.stderr).strip()}")
        return done.stdout.strip().splitlines()[-1]

    def _command(self):
        s = self.setup
        nodes = "\n             ".join(
            f'{{ name = {server.name}, host = "{HOST}", port = {server.port} }}' for server in s.cluster.servers)
        asked = s.stored == "query"
        self._write("users.txt", "" if asked else f'"{CLIENT_USER}" "{s.secret()}"\n')
        self._write("pool_hba.conf", s.hba())
        conf = self._write("proxy.conf", f"""pgdrover {{
  listen {{ host = "{HOST}", port = {self.port}, max-clients = {s.max_clients + 20}, tls {{ mode = disable }} }}
  auth {{ hba-file = "pool_hba.conf", user-list = "users.txt", query {{ enabled = {str(asked).lower()} }} }}
  cluster {{
    nodes = [{nodes}]
    user = "{PROXY_USER}", password = "{PROXY_PASSWORD}", database = postgres
    tls {{ mode = disable }}
  }}
  pool {{ mode = {s.mode}, size = {s.pool_size} }}
  metrics {{ host = "{HOST}", port = {self.port + 1} }}
  {self.extra}
}}
""")
        return [self.program, "run", "-c", conf]

    def statements_by_node(self):
        """How many statements each node has answered, by the class that the proxy gave them, from /metrics."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.port + 1}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return Counter()  # metrics are off
        counts = Counter()
        for labels, value in re.findall(r"^pgdrover_queries\w*_(?:count|total)\{([^}]*)\} (\S+)", text, re.M):
            label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            counts[f"{label.get('node', '?')} {label.get('class', '?')}"] += int(float(value))
        return counts


class Before(Pgdrover):
    """Another version of this project's proxy, beside the present one."""

    name = "before"


KINDS = {kind.name: kind for kind in (Direct, Pgbouncer, Pgpool, Pgdrover)}
