"""Guess what address somebody meant who mistyped the domain of a mail provider. A guess is shown, never acted on."""

from __future__ import annotations

import difflib

# Providers most buyers have their mailbox at.
_KNOWN = (
    "163.com", "126.com", "qq.com", "foxmail.com", "sina.com", "sina.cn", "sohu.com", "yeah.net", "139.com", "189.cn", "aliyun.com",
    "gmail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "yahoo.com", "proton.me", "protonmail.com",
)  # fmt: skip
# `gmial.com` and `gmail.con` are this close to `gmail.com`; `mail.com` must not be.
_CLOSE = 0.82
_OTHERS = frozenset({"mail.com", "ymail.com", "email.com", "sina.com.cn", "263.com", "188.com", "yahoo.cn", "vip.qq.com", "vip.163.com"})


def meant(email: str) -> str:
    """Return the address that was likely meant, or nothing."""
    name, at, domain = email.strip().rpartition("@")
    domain = domain.lower()
    if not (name and at) or domain in _KNOWN or domain in _OTHERS:
        return ""
    close = difflib.get_close_matches(domain, _KNOWN, n=1, cutoff=_CLOSE)
    return f"{name}@{close[0]}" if close else ""
