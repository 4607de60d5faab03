"""Runs of LoginLoad.java, which logs in over and over, and what they measured."""

import glob
import json
import os
import queue
import subprocess
import threading
from dataclasses import dataclass, field
from typing import Optional

from rig.postgres import CLIENT_PASSWORD, CLIENT_USER
from rig.processes import StartFailed

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "LoginLoad.java")

RIGHT = ((CLIENT_USER, CLIENT_PASSWORD),)
MIXED = (*RIGHT, (CLIENT_USER, "not-the-password"), ("nobody", "not-the-password"))  # a third each


@dataclass
class LoginMeasurement:
    """The result of one run; error says why it does not count."""

    per_second: float = 0.0
    refused_per_second: float = 0.0
    latencies_us: list = field(default_factory=list)
    cpu_us: Optional[float] = None  # of the proxy, a login
    error: Optional[str] = None


def java():
    """A JDK 25, as bin/pgdrover finds one."""
    homes = [os.environ.get("JAVA_HOME", ""), *sorted(glob.glob("/usr/lib/jvm/*25*"))]
    for home in homes:
        program = os.path.join(home, "bin", "java")
        if home and os.path.exists(program):
            text = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
            if '"25' in text.splitlines()[0]:
                return program
    raise StartFailed("no JDK 25 found in JAVA_HOME or /usr/lib/jvm (expected: one for the load generator)")


class LoginLoad:
    """The load generator: one JVM for the whole benchmark, so that it is warm."""

    def __init__(self, workplace):
        self._process = workplace.start(
            "login-load", [java(), "-XX:+UseParallelGC", "-Xmx512m", SOURCE], as_service=False, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self._answers = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._answer(60)

    def _listen(self):
        for line in self._process.stdout:
            self._answers.put(line)

    def _answer(self, seconds):
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            raise StartFailed(f"login-load: no answer after {seconds} s") from None

    def run(self, contender, database, clients, seconds, accounts=RIGHT):
        """Measures. Refusals make a run of right passwords invalid; what breaks otherwise makes every run invalid."""
        before = contender.cpu.seconds() if contender.cpu else None
        words = ["run", contender.port, database, seconds, clients, *(word for account in accounts for word in account)]
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        found = json.loads(self._answer(seconds + 60))
        refused = sum(found["refused"].values())
        result = LoginMeasurement(
            found["logins"] / found["seconds"], refused / found["seconds"], found["latencies_us"])
        if before is not None and found["logins"]:
            result.cpu_us = (contender.cpu.seconds() - before) * 1e6 / found["logins"]
        if found["broken"] or not found["logins"] or (refused and accounts is RIGHT):
            result.error = f"{found['logins']} logins, refused {found['refused']}, broken {found['broken']}"
        return result
