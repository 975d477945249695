"""Tell whose box an e-mail address leads to, however it is spelled."""

from __future__ import annotations

# Mailboxes of these are the same with and without dots.
_DOTTED = frozenset({"gmail.com", "googlemail.com"})


def canonical(email: str) -> str:
    """Return the box of an address: in lower case, without what follows a plus, nor the dots that Google ignores."""
    name, _at, host = email.strip().lower().rpartition("@")
    name = name.partition("+")[0] or name
    return f"{name.replace('.', '') if host in _DOTTED else name}@{host}"
