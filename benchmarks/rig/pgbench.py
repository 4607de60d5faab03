"""One run of pgbench and what it measured."""

import glob
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import Optional

from rig.postgres import CLIENT_PASSWORD, CLIENT_USER, DATABASE, HOST

WORKLOADS = {"select-only": "select-only", "tpcb": "tpcb-like"}


@dataclass
class Measurement:
    """The result of one run; error says why it does not count."""

    tps: float = 0.0
    transactions: int = 0
    failed: int = 0
    latencies_us: list = field(default_factory=list)
    cpu_us_per_tx: Optional[float] = None
    error: Optional[str] = None


class Pgbench:
    """Runs pgbench against one port."""

    def __init__(self, bin_dir, log_directory, threads):
        self.program = os.path.join(bin_dir, "pgbench")
        self.log_prefix = os.path.join(log_directory, "latency")
        self.threads = threads

    def initialise(self, port, scale):
        command = [self.program, "-i", "-q", "-s", str(scale), "-I", "dtgvp", *self._target(port)]
        done = subprocess.run(command, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"pgbench -i: {done.stderr.strip()}")

    def run(self, contender, protocol, workload, clients, seconds, sampling=None, options=()):
        """Measures; with a sampling rate also the latencies of that part of the transactions. The options are pgbench's own."""
        command = [self.program, "-n", "-M", protocol, "-b", WORKLOADS[workload], "-c", str(clients),
                   "-j", str(min(self.threads, clients)), "-T", str(seconds), *options]
        if sampling is not None:
            command += ["--log", f"--log-prefix={self.log_prefix}"]
            if sampling < 1:
                command.append(f"--sampling-rate={sampling:.4f}")
        before = contender.cpu.seconds() if contender.cpu else None
        process = subprocess.Popen(
            command + self._target(contender.port), env=self._environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        try:
            out, err = process.communicate(timeout=seconds + 60)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err = f"pgbench: not finished {60} s after its time\n{err}"
        except BaseException:
            process.kill()
            process.wait()
            raise
        result = self._parse(process.returncode, out, err)
        if before is not None and result.transactions:
            result.cpu_us_per_tx = (contender.cpu.seconds() - before) * 1e6 / result.transactions
        result.latencies_us = self._take_latencies()
        return result

    @staticmethod
    def _parse(status, out, err):
        result = Measurement()
        if match := re.search(r"^tps = ([\d.]+)", out, re.M):
            result.tps = float(match.group(1))
        if match := re.search(r"^number of transactions actually processed: (\d+)", out, re.M):
            result.transactions = int(match.group(1))
        if match := re.search(r"^number of failed transactions: (\d+)", out, re.M):
            result.failed = int(match.group(1))
        complaints = [line for line in err.splitlines() if re.search(r"error|fatal|aborted|not finished", line)]
        if status != 0 or complaints or result.failed or not result.transactions:
            result.error = complaints[0] if complaints else f"exit status {status}, {result.failed} failed transactions"
        return result

    def _take_latencies(self):
        latencies = []
        for path in glob.glob(self.log_prefix + ".*"):
            with open(path) as log:
                for line in log:
                    latency = line.split(" ", 3)[2]  # client, transaction, microseconds, …
                    if latency.isdigit():
                        latencies.append(int(latency))
            os.remove(path)
        return latencies

    @staticmethod
    def _target(port):
        return ["-h", HOST, "-p", str(port), "-U", CLIENT_USER, DATABASE]

    @staticmethod
    def _environment():
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        return {**kept, "PGPASSWORD": CLIENT_PASSWORD, "PGSSLMODE": "disable", "PGGSSENCMODE": "disable", "LC_ALL": "C"}
