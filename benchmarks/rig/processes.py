"""Child processes that are always stopped, by process id, in the reverse order of their start."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

SERVICE_USER = "postgres"  # who runs the servers that refuse root


class StartFailed(Exception):
    """A program did not start; the text says which and shows the end of its log."""


def service_account():
    """Popen and chown arguments that leave root behind; nothing when we are not root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(SERVICE_USER)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def require_free(host, port):
    """Fails with the port's number if somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as e:
            raise StartFailed(f"port {port}: {e.strerror} (expected: free; choose others with --port-base)") from e


def find_program(name, *extra_directories):
    """The program's path, looked for on PATH and where Debian puts servers; None if it is not installed."""
    directories = [os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", *extra_directories]
    return shutil.which(name, path=os.pathsep.join(directories))


def process_tree(pid):
    """The process and all its living descendants."""
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        try:
            for task in os.listdir(f"/proc/{current}/task"):
                with open(f"/proc/{current}/task/{task}/children") as f:
                    queue.extend(int(child) for child in f.read().split())
        except OSError:
            pass  # it ended while we looked
    return found


class CpuMeter:
    """CPU time of a process tree, in seconds: every thread, living and ended, and children that ended.

    The kernel's per-process clock counts nanoseconds; /proc/PID/stat, the fallback, counts ticks."""

    TICK = 1.0 / os.sysconf("SC_CLK_TCK")

    def __init__(self, pid):
        self.pid = pid
        self.resolution = 1e-9 if self._clock(pid) is not None else self.TICK

    def seconds(self):
        return sum(self._of(pid) + self._ended_children(pid) for pid in process_tree(self.pid))

    def _of(self, pid):
        clock = self._clock(pid) if self.resolution < self.TICK else None
        return clock if clock is not None else self._ticks(pid, 13, 14)

    def _ended_children(self, pid):
        return self._ticks(pid, 15, 16)

    @staticmethod
    def _clock(pid):
        try:
            return time.clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED)
        except OSError:
            return None

    @classmethod
    def _ticks(cls, pid, *columns):
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return sum(int(fields[column - 2]) for column in columns) * cls.TICK


class Workplace:
    """A temporary directory and the processes that live in it; leaving it stops and removes them all."""

    def __init__(self, keep=False):
        self.keep = keep
        self.path = tempfile.mkdtemp(prefix="pgdrover-bench-")
        os.chmod(self.path, 0o755)
        self._running = []  # (name, Popen, signal that stops it)

    def __enter__(self):
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGHUP, _interrupt)
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave servers behind
        self.stop_all()
        if self.keep:
            print(f"kept: {self.path}")
        else:
            shutil.rmtree(self.path, ignore_errors=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def directory(self, name):
        """A new directory that belongs to the account which runs the servers."""
        path = os.path.join(self.path, name)
        os.makedirs(path, mode=0o700)
        account = service_account()
        if account:
            os.chown(path, account["user"], account["group"])
        return path

    def write(self, path, text, mode=0o600):
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        account = service_account()
        if account:
            os.chown(path, account["user"], account["group"])
        return path

    def start(self, name, command, *, stop_signal=signal.SIGTERM, as_service=True, **popen):
        """Starts a program in its own session, so that Ctrl-C at the terminal reaches only us."""
        log_path = os.path.join(self.path, f"{name}.log")
        with open(log_path, "ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT, "cwd": "/"}
            options.update(service_account() if as_service else {})
            options.update(popen)
            process = subprocess.Popen(command, start_new_session=True, **options)
        self._running.append((name, process, stop_signal))
        return process

    def run(self, command, **popen):
        """Runs a program of the service account to its end; its output, or StartFailed with it."""
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/",
                start_new_session=True, **service_account(), **popen)
        except subprocess.TimeoutExpired as e:
            raise StartFailed(f"{' '.join(command)}: no end after {e.timeout} s") from e
        if done.returncode != 0:
            raise StartFailed(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout.strip()}")
        return done.stdout

    def await_ready(self, name, process, ready, seconds=60):
        """Polls until ready() is true; StartFailed with the end of the log if it dies or takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise StartFailed(f"{name}: ended with status {process.returncode}\n{self.log_tail(name)}")
            if ready():
                return
            time.sleep(0.1)
        raise StartFailed(f"{name}: not ready after {seconds} s\n{self.log_tail(name)}")

    def log_tail(self, name, lines=15):
        try:
            with open(os.path.join(self.path, f"{name}.log"), errors="replace") as f:
                return "".join(f.readlines()[-lines:]).rstrip()
        except OSError:
            return ""

    def stop(self, process):
        """Stops one process as it likes to be stopped, and by SIGKILL after 20 seconds."""
        for entry in [entry for entry in self._running if entry[1] is process]:
            self._running.remove(entry)
            _stop(process, entry[2])

    def forget(self, process):
        """No longer ours to stop: it was killed on purpose."""
        self._running = [entry for entry in self._running if entry[1] is not process]
        process.wait()

    def stop_all(self):
        while self._running:
            _, process, stop_signal = self._running.pop()
            _stop(process, stop_signal)


def _stop(process, stop_signal):
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            kill_tree(process.pid)
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGTERM)  # children of a script that did not wait for them; the group is its own
    except ProcessLookupError:
        pass


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def kill_tree(pid):
    """kill -9 of a process and all its children, the parent first; returns when they were all sent the signal."""
    for member in process_tree(pid):
        _kill(member)


def _interrupt(*_):
    raise KeyboardInterrupt
