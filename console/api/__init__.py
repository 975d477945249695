"""The management API: what the consoles do, for programs."""
