"""The table of log-ins: method by driver by TLS mode."""
