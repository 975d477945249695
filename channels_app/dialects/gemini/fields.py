"""Read a client's fields by their names in either spelling: Google takes `systemInstruction` and `system_instruction` alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UNDERSCORE = re.compile(r"_([a-z])")
# What stands below these is the user's own, not the protocol's.
_OWN = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"})


def camel(value: Any) -> Any:
    """Return fields with the protocol's names in camel case."""
    if isinstance(value, list):
        return [camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for name, one in value.items():
        spelled = _UNDERSCORE.sub(lambda found: found[1].upper(), name)
        made[spelled] = one if spelled in _OWN else camel(one)
    return made


def config_of(fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the name under which the generation's settings stand, and the settings."""
    name = "generation_config" if "generation_config" in fields else "generationConfig"
    found = fields.get(name)
    return name, found if isinstance(found, dict) else {}


def setting(fields: Mapping[str, Any], camel_name: str, snake_name: str) -> tuple[str, Any]:
    """Return the name that a setting has here, and its value."""
    _, config = config_of(fields)
    name = snake_name if snake_name in config else camel_name
    return name, config.get(name)
