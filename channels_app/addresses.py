"""Join the base address an operator typed with a path of the wire protocol."""

from __future__ import annotations

import functools
import re

# A base that already names a version, or a vendor's compatibility prefix, is complete; otherwise `/v1` is ours to add.
_COMPLETE = re.compile(r"/v\d+[a-z]*\d*$|/openai(/|$)|/compatible-mode(/|$)|/api/paas/v\d+")
_BARE_PREFIX = re.compile(r"/compatible-mode$")


@functools.lru_cache(maxsize=4096)
def join(base: str, path: str, *, own: str = "") -> str:
    """Return the URL of `path` (such as `/chat/completions`) below `base`, whether or not that ends in a version.

    `own` is the vendor's own base: its path is added where none is named, `/v1` for vendors without one.
    """
    base = base.strip().rstrip("/").removesuffix(path)
    origin, rest = _split(base)
    prefix = _split(own)[1].rstrip("/") if own else "/v1"
    if _BARE_PREFIX.search(rest):
        rest += "/v1"
    elif not _COMPLETE.search(rest) and not (prefix and rest.endswith(prefix)):
        rest += prefix
    return f"{origin}{rest}{path}"


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    return _split(url)[0]


def _split(base: str) -> tuple[str, str]:
    scheme, _, after = base.partition("://")
    host, slash, rest = after.partition("/")
    return f"{scheme}://{host}", slash + rest
