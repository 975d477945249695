"""Join the base address an operator typed with a path of the wire protocol."""

from __future__ import annotations

import functools
import re

# A base that already names a version, or a vendor's compatibility prefix, is complete; otherwise `/v1` is ours to add.
_COMPLETE = re.compile(r"/v\d+[a-z]*\d*$|/openai(/|$)|/compatible-mode(/|$)|/api/paas/v\d+")
_BARE_PREFIX = re.compile(r"/compatible-mode$")


@functools.lru_cache(maxsize=4096)
def join(base: str, path: str) -> str:
    """Return the URL of `path` (such as `/chat/completions`) below `base`, whether or not that ends in a version."""
    base = base.strip().rstrip("/").removesuffix(path)
    origin, rest = _split(base)
    if _BARE_PREFIX.search(rest) or not _COMPLETE.search(rest):
        rest += "/v1"
    return f"{origin}{rest}{path}"


def _split(base: str) -> tuple[str, str]:
    scheme, _, after = base.partition("://")
    host, slash, rest = after.partition("/")
    return f"{scheme}://{host}", slash + rest
