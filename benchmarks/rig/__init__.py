"""What the measuring programs share: processes, a PostgreSQL cluster, the proxies and pgbench."""
