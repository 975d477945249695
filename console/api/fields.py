"""Fields of the API whose rules the schema can tell."""

from __future__ import annotations

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
