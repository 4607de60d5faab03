"""The drivers: what TLS modes each has, how it is told to log in, and whether it tries again by itself."""

import glob
import json
import os
import re
import shutil
import subprocess
import threading
from typing import NamedTuple

from logins import wire
from logins.expected import Refused
from logins.rules import DATABASE
from rig.processes import StartFailed

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERIFYING = ("verify-ca", "verify-full", "direct")
LIBPQ_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
ANSWER_SECONDS = 60
# What libpq begins a try's outcome with, and psycopg the first one's.
TRY = re.compile(r'connection (?:to server (?:at|on socket) "[^"]*"(?: \([^)]*\))?(?:, port \d+)? )?failed: ')
ATTEMPTS = {"disable": ("plain",), "allow": ("plain", "tls"), "prefer": ("tls", "plain")}


class Observed(NamedTuple):
    """What became of a log-in.

    @param tries if none succeeded, of each: the SQLSTATE, "own", or None where the driver does not tell; and the text"""

    user: str = None
    encryption: str = None
    tries: tuple = ()


def observed(line):
    """What a program has printed of one log-in."""
    kind, *parts = line.rstrip("\n").split("\t")
    if kind == "ok":
        return Observed(*parts)
    if kind != "refused":
        raise StartFailed(f"{line!r} (expected: ok or refused)")
    return Observed(tries=tuple(tuple(part.split(" ", 1)) for part in parts))


def environment():
    """Ours, without what libpq would read there."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("PG")}, "LC_ALL": "C"}


class Driver:
    """One of them, ready to log in; what it keeps running ends with the workplace."""

    name = library = None
    modes = ()

    def __init__(self, servers):
        self.servers = servers
        self.version = self._start()

    def attempts(self, login, mode):
        """Over which connections it tries, in this order."""
        return ATTEMPTS.get(mode, ("tls",))

    def tries_again(self, outcome):
        return False

    def target(self, login):
        mode = login.listens
        return self.servers.socket_directory(mode) if login.socket else login.host, self.servers.ports[mode]

    def root(self, login, mode):
        return self.servers.root(login.root if mode in VERIFYING else None)


class Libpq(Driver):
    library = "libpq"
    modes = LIBPQ_MODES

    def attempts(self, login, mode):
        return ("plain",) if login.socket else super().attempts(login, mode)

    def tries_again(self, outcome):
        return isinstance(outcome, Refused) and not outcome.late

    def conninfo(self, login, mode):
        host, port = self.target(login)
        certificate, key = self.servers.client_certificates[login.certificate]
        options = {
            "host": host, "port": port, "dbname": DATABASE, "user": login.user, "password": login.secret(), "sslmode": mode,
            "sslcert": certificate, "sslkey": key, "sslrootcert": self.root(login, mode), "channel_binding": login.binding,
            "gssencmode": "disable", "connect_timeout": 30}
        return " ".join(f"{name}='{value}'" for name, value in options.items())

    @staticmethod
    def tries(text):
        """libpq puts what became of each try behind the other."""
        parts = TRY.split(text)[1:]
        return tuple(Libpq._try(part) for part in parts or [text] if "Connection refused" not in part)

    @staticmethod
    def _try(text):
        fatal = re.match(r"FATAL:  (?:([0-9A-Z]{5}): )?(.*)", text)
        return fatal.groups() if fatal else ("own", " ".join(text.split()))


class Psql(Libpq):
    """Tells no SQLSTATE of a refused log-in: its words are held against those that the others get with theirs."""

    name = "psql"

    def _start(self):
        self.program = shutil.which("psql")
        if not self.program:
            raise StartFailed("psql: not found (expected: installed; apt-get install postgresql-client)")
        return subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def log_in(self, login, mode):
        asked = ["-c", r"\conninfo", "-c", "SELECT current_user"]
        command = [self.program, "-X", "-q", "-A", "-t", self.conninfo(login, mode), *asked]
        done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=ANSWER_SECONDS, check=False)
        if done.returncode != 0:
            return Observed(tries=self.tries(done.stderr))
        encrypted = re.search(r"SSL connection \(|SSL Connection\|true", done.stdout)
        return Observed(done.stdout.splitlines()[-1], "tls" if encrypted else "plain")


class Program:
    """A program that prints its version, and then logs in for each line that it is given and prints a line of what became of it."""

    def __init__(self, driver, command, **popen):
        self._errors = os.path.join(driver.servers.workplace.path, f"{driver.name}.log")
        with open(self._errors, "wb") as errors:
            self._process = driver.servers.workplace.start(
                driver.name, command, as_service=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                env=environment(), **popen)
        self.version = self._line()

    def ask(self, line):
        watch = threading.Timer(ANSWER_SECONDS, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            return self._line()
        finally:
            watch.cancel()

    def _line(self):
        line = self._process.stdout.readline()
        if line:
            return line.rstrip("\n")
        with open(self._errors, errors="replace") as f:
            raise StartFailed(f"{' '.join(self._process.args)} ended: {f.read().strip()}")


class Psycopg(Libpq):
    name = "psycopg"

    def _start(self):
        for python in ("python3", "/usr/bin/python3"):
            if subprocess.run([python, "-I", "-c", "import psycopg"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
                self._program = Program(self, [python, os.path.join(HERE, "psycopg", "login.py")])
                return self._program.version
        raise StartFailed("psycopg: no Python has it (expected: installed; apt-get install python3-psycopg)")

    def log_in(self, login, mode):
        kind, *parts = self._program.ask(self.conninfo(login, mode)).split("\t")
        return Observed(*parts) if kind == "ok" else Observed(tries=self.tries("\n".join(parts)))


class Pgjdbc(Driver):
    name = library = "pgjdbc"
    modes = (*LIBPQ_MODES, "direct")

    def _start(self):
        jars = glob.glob(os.path.expanduser("~/.m2/repository/org/postgresql/postgresql/42*/postgresql-42*[0-9].jar"))
        if not jars:
            raise StartFailed("pgjdbc: no driver in ~/.m2 (expected: the build has fetched it; run mvn verify once)")
        # Where it looks for a client certificate if none is named, and finds none.
        home = self.servers.workplace.directory("pgjdbc-home")
        newest = max(jars, key=lambda path: [int(number) for number in re.findall(r"\d+", os.path.basename(path))])
        self._program = Program(self, [_java(), f"-Duser.home={home}", "-cp", newest, os.path.join(HERE, "pgjdbc", "Login.java")])
        return self._program.version

    def tries_again(self, outcome):
        return isinstance(outcome, Refused) and outcome.state == "28000" and not outcome.late

    def log_in(self, login, mode):
        host, port = self.target(login)
        certificate, key = self.servers.client_certificates[login.certificate]
        options = {
            "user": login.user, "password": login.secret(), "sslmode": "verify-full" if mode == "direct" else mode,
            "sslrootcert": self.root(login, mode), "channelBinding": login.binding, "gssEncMode": "disable", "loginTimeout": "30"}
        if login.certificate:
            options.update(sslcert=certificate, sslkey=f"{key}.der")
        if mode == "direct":
            options["sslNegotiation"] = "direct"
        return observed(self._program.ask("\t".join(
            [f"jdbc:postgresql://{host}:{port}/{DATABASE}", *(f"{name}={value}" for name, value in options.items())])))


class NodePostgres(Driver):
    """Has no allow and no prefer; require is rejectUnauthorized: false, and verify-ca takes a function that takes any name."""

    name = library = "node-postgres"
    modes = ("disable", "require", "verify-ca", "verify-full", "direct")

    def _start(self):
        directory = os.path.join(self.servers.workplace.path, self.name)
        os.makedirs(directory)
        for file in ("package.json", "package-lock.json", "login.mjs"):
            shutil.copy(os.path.join(HERE, "node-postgres", file), directory)
        fetch = ["npm", "ci", "--silent", "--no-audit", "--no-fund"]
        fetched = subprocess.run(fetch, cwd=directory, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if fetched.returncode != 0:
            raise StartFailed(f"npm ci: {(fetched.stdout + fetched.stderr).strip()}")
        self._program = Program(self, ["node", "login.mjs"], cwd=directory)
        return self._program.version

    def log_in(self, login, mode):
        host, port = self.target(login)
        options = {"host": host, "port": port, "database": DATABASE, "user": login.user, "password": login.secret(),
                   "enableChannelBinding": login.binding == "prefer"}
        if mode == "direct":
            options["sslnegotiation"] = "direct"
        if mode != "disable":
            certificate, key = self.servers.client_certificates[login.certificate]
            options["ssl"] = {"rejectUnauthorized": mode != "require", "checkName": mode in ("verify-full", "direct"),
                              "ca": self.root(login, mode), "cert": certificate, "key": key}
        return observed(self._program.ask(json.dumps(options)))


class Wire(Driver):
    """Our own, for OAUTHBEARER."""

    name = library = "wire"
    modes = ("disable", "require", "verify-ca", "verify-full", "direct")

    def _start(self):
        return "OAUTHBEARER, as it is on the wire"

    def log_in(self, login, mode):
        host, port = self.target(login)
        root = self.root(login, mode)
        contexts = {"disable": lambda: None, "require": wire.trusting, "verify-ca": lambda: wire.checking(root, False),
                    "verify-full": lambda: wire.checking(root, True), "direct": lambda: wire.direct(root)}
        token = self.servers.issuer.token(**login.token)
        return observed("\t".join(wire.log_in(host, port, login.user, DATABASE, token, contexts[mode](), mode == "direct")))


def _java():
    """The first Java that runs a Java 25 source file."""
    candidates = [os.path.join(os.environ.get("JAVA_HOME", "/nowhere"), "bin", "java"), shutil.which("java") or "/nowhere",
                  *glob.glob("/usr/lib/jvm/*25*/bin/java")]
    for java in candidates:
        if os.access(java, os.X_OK):
            version = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
            found = re.search(r'version "(\d+)', version)
            if found and int(found.group(1)) >= 25:
                return java
    raise StartFailed("pgjdbc: no JDK 25 in JAVA_HOME, on PATH or in /usr/lib/jvm (expected: one)")


DRIVERS = {driver.name: driver for driver in (Psql, Psycopg, Pgjdbc, NodePostgres, Wire)}
