"""Fields of the API whose rules the schema can tell."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

from rest_framework import serializers


class Words(serializers.RegexField):
    """A text that is not empty; PostgreSQL keeps no NUL."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[^\x00]+$", trim_whitespace=False, **kwargs)


class Prose(serializers.RegexField):
    """A text that may be empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[^\x00]*$", trim_whitespace=False, allow_blank=True, **kwargs)


class File(serializers.RegexField):
    """The bytes of a small file, in base64."""

    def __init__(self, *, most_bytes: int, **kwargs: Any) -> None:
        quads = r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$"
        super().__init__(quads, max_length=(most_bytes + 2) // 3 * 4, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return base64.b64decode(super().run_validation(data))


# The most that any column of amounts keeps; JSON numbers beyond it lose digits in some readers.
MOST = 9_000_000_000_000_000
# µ$, and minor units of a currency: from 0 on, above 0, or nothing at all.
Amount = partial(serializers.IntegerField, min_value=0, max_value=MOST)
Above0 = partial(serializers.IntegerField, min_value=1, max_value=MOST)
# How often, how many; and where in a list.
Count = partial(serializers.IntegerField, min_value=1, max_value=2_147_483_647)
Place = partial(serializers.IntegerField, min_value=-32_768, max_value=32_767)
Id = partial(serializers.IntegerField, min_value=1, max_value=MOST)
Currency = partial(serializers.RegexField, r"^[A-Za-z]{3}$", help_text="Three letters such as CNY.")
