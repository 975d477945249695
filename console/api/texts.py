"""Texts in several languages, in the API: `translations` = {language: {field: text}}, replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from rest_framework import serializers

from console.api.fields import Prose

SLUG = r"^[-a-zA-Z0-9_]+$"
HELP = "Texts by language and field; a reader gets his language's, else the shop's own, else the field itself. Replaced as a whole."


def translations(name: str, limits: Mapping[str, int]) -> serializers.Serializer[Any]:
    """Return the field of a resource called `name` whose texts may have these lengths."""
    return _shape(name, tuple(limits.items()))(required=False, help_text=HELP)


@cache
def _shape(name: str, limits: tuple[tuple[str, int], ...]) -> type[serializers.Serializer[Any]]:
    """Return the one class of a resource, so that the schema has it once."""
    fields = {field: _field(field, most) for field, most in limits}
    one: Any = type(f"{name}Texts", (serializers.Serializer,), {"__doc__": f"Texts of a {name.lower()} in one language.", **fields})
    languages = {code: one(required=False) for code, _label in settings.LANGUAGES}
    return type(f"{name}Translations", (serializers.Serializer,), {"__doc__": f"Texts of a {name.lower()} by language.", **languages})


def _field(field: str, most: int) -> serializers.Field[Any, Any, Any, Any]:
    if field == "slug":
        return serializers.RegexField(SLUG, max_length=most, required=False)
    return Prose(max_length=most, required=False)
