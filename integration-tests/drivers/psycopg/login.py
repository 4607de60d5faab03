"""psycopg 3: one log-in for each line of standard input, which is a connection string of libpq."""

import ctypes
import ctypes.util
import sys

import psycopg
from psycopg import pq

VERBOSE = 2  # PQERRORS_VERBOSE

libpq = ctypes.CDLL(ctypes.util.find_library("pq"))
libpq.PQsetErrorVerbosity.argtypes = [ctypes.c_void_p, ctypes.c_int]
start = pq.PGconn.connect_start


def start_verbosely(conninfo):
    """A refused log-in has no diagnostics in psycopg: only libpq's text can tell the SQLSTATE."""
    connection = start(conninfo)
    libpq.PQsetErrorVerbosity(connection.pgconn_ptr, VERBOSE)
    return connection


pq.PGconn.connect_start = start_verbosely


def log_in(conninfo):
    try:
        with psycopg.connect(conninfo) as connection:
            user = connection.execute("SELECT current_user").fetchone()[0]
            return ["ok", user, "tls" if connection.pgconn.ssl_in_use else "plain"]
    except psycopg.Error as e:
        return ["refused", *str(e).splitlines()]


print(f"psycopg {psycopg.__version__} (libpq {pq.version() // 10000}.{pq.version() % 10000})", flush=True)
for line in sys.stdin:
    print("\t".join(part.replace("\t", " ") for part in log_in(line.rstrip("\n"))), flush=True)
