"""How the Python checks report: one line each, as run expects them."""

import os
import sys
import traceback

HOST, PORT = os.environ["CHECK_HOST"], os.environ["CHECK_PORT"]
DATABASE, USER, PASSWORD = os.environ["CHECK_DATABASE"], os.environ["CHECK_USER"], os.environ["CHECK_PASSWORD"]
OTHERS = 8  # further clients of the same pool


class Report:
    """Runs checks and prints what became of them."""

    def __init__(self, driver):
        self.driver = driver
        self.failed = False

    def check(self, what, body):
        try:
            body()
            print(f"ok {self.driver} {what}", flush=True)
        except Exception as e:  # whatever a driver raises is a finding, not a crash
            self.failed = True
            where = traceback.extract_tb(e.__traceback__)[-1].lineno
            text = " ".join(str(e).split()) or "assertion failed"
            print(f"FAIL {self.driver} {what} ({type(e).__name__}, line {where}: {text})", flush=True)

    def exit(self):
        sys.exit(1 if self.failed else 0)


def expect(actual, expected):
    assert actual == expected, f"{actual!r} (expected: {expected!r})"
