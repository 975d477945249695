"""JSON schemas for Gemini: whole ones for current models, the subset of OpenAPI for older ones, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = frozenset(
    {
        "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties", "required", "minProperties",
        "maxProperties", "minLength", "maxLength", "pattern", "anyOf", "propertyOrdering", "items", "minimum", "maximum",
    }
)  # fmt: skip
_FORMATS = frozenset({"enum", "date-time", "float", "double", "int32", "int64"})
_DEEPEST = 20


def subset(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema in the words that older models know: references resolved, unions told as `anyOf` or `nullable`."""
    return _subset(schema, {**(schema.get("definitions") or {}), **(schema.get("$defs") or {})}, 0)


def _subset(schema: Any, definitions: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}
    if "$ref" in schema:
        found = definitions.get(str(schema["$ref"]).rpartition("/")[2])
        return _subset(
            {**(found if isinstance(found, dict) else {}), **{k: v for k, v in schema.items() if k != "$ref"}}, definitions, depth + 1
        )
    made = {name: value for name, value in _renamed(schema).items() if name in _KEPT}
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: _subset(value, definitions, depth + 1) for name, value in made["properties"].items()}
    if "items" in made:
        made["items"] = _subset(made["items"], definitions, depth + 1)
    if isinstance(made.get("anyOf"), list):
        made |= _union(made.pop("anyOf"), definitions, depth)
    return _typed(made)


def _renamed(schema: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(schema)
    if "oneOf" in made:
        made["anyOf"] = made.pop("oneOf")
    if "const" in made:
        made["enum"] = [made.pop("const")]
    return made


def _union(options: list[Any], definitions: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """Return a union without its null, which is told apart; a union of one is that one."""
    some = [option for option in options if not (isinstance(option, dict) and option.get("type") == "null")]
    made: dict[str, Any] = {"nullable": True} if len(some) < len(options) else {}
    told = [_subset(option, definitions, depth + 1) for option in some]
    return {**told[0], **made} if len(told) == 1 else {"anyOf": told, **made}


def _typed(made: dict[str, Any]) -> dict[str, Any]:
    kind = made.get("type")
    if isinstance(kind, list):
        named = [one for one in kind if one != "null"]
        if len(named) < len(kind):
            made["nullable"] = True
        made["type"] = kind = named[0] if named else "string"
    if kind != "string":
        made.pop("enum", None)
    if made.get("format") not in _FORMATS:
        made.pop("format", None)
    return made


def parameters(schema: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    """Return the member that declares a function's parameters; none where there are none, which is refused as an empty object."""
    if not schema.get("properties") and not schema.get("$ref"):
        return {}
    return {"parametersJsonSchema": dict(schema)} if is_whole else {"parameters": subset(schema)}


def lowered(schema: Any) -> Any:
    """Return a schema of Google's with its types in lower case, as JSON Schema has them."""
    if isinstance(schema, list):
        return [lowered(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: value if name == "enum" else lowered(value) for name, value in schema.items() if name != "nullable"}
    if isinstance(made.get("type"), str):
        made["type"] = made["type"].lower()
        if schema.get("nullable"):
            made["type"] = [made["type"], "null"]
    return made
