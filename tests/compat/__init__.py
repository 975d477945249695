"""Real clients, unmodified, against a running instance: `make compat`."""
