"""Read rows of `channels`: the vendor meant, its keys, and settings that both products keep as JSON inside texts. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from console.movein import vendors
from console.movein.records import mapping

Row = Mapping[str, Any]

ENABLED = 1
_HUB_BEDROCK = 32


@dataclass(frozen=True, slots=True)
class ForeignChannel:
    """A channel; `provider` None has no counterpart here. `models` maps public to upstream names, `notes` say what stays behind."""

    id: int
    kind: int
    name: str
    provider: str | None
    base_url: str
    keys: tuple[str, ...]
    models: dict[str, str]
    groups: tuple[str, ...]
    tags: tuple[str, ...]
    priority: int
    weight: int
    is_enabled: bool
    options: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def channel(product: str, row: Row) -> ForeignChannel:
    """Read a row. The weight 0 of new-api takes part (it adds 10 to every weight); one-api never used weights, one-hub does."""
    kind = int(row.get("type") or 0)
    config = mapping(row.get("config"))
    renamed = {str(public): str(upstream) for public, upstream in mapping(row.get("model_mapping")).items()}
    named = [name.strip() for name in str(row.get("models") or "").split(",") if name.strip()]
    weight = int(row.get("weight") or 0)
    notes = [f"{name} stays behind" for name in ("status_code_mapping", "plugin") if mapping(row.get(name)) or config.get(name)]
    return ForeignChannel(
        id=int(row["id"]),
        kind=kind,
        name=str(row.get("name") or f"channel {row['id']}").strip()[:60],
        provider=vendors.vendor(product, kind),
        base_url=(str(row.get("base_url") or "").strip().rstrip("/") or vendors.ADDRESSES.get((product, kind), "")),
        keys=_aws_last(_keys(row, config)) if product == "one-hub" and kind == _HUB_BEDROCK else _keys(row, config),
        models={name[:120]: _last(renamed, name)[:200] for name in named},
        groups=tuple(part.strip()[:40] for part in str(row.get("group") or "default").split(",") if part.strip()) or ("default",),
        tags=(str(row["tag"])[:40],) if row.get("tag") else (),
        priority=int(row.get("priority") or 0),
        weight={"new-api": weight + 10, "one-hub": max(1, weight)}.get(product, 1),
        is_enabled=int(row.get("status") or 0) == ENABLED,
        options=_options(row, config, vendors.vendor(product, kind)),
        notes=tuple(notes),
    )


def _last(renamed: Mapping[str, str], name: str) -> str:
    """Follow a chain of names to its end; a ring ends where it began."""
    seen = {name}
    while (following := renamed.get(name)) is not None and following not in seen:
        name = following
        seen.add(name)
    return name


def _keys(row: Row, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the credentials: one, or with new-api's `is_multi_key` a line each (a list of JSON objects for service accounts)."""
    text = str(row.get("key") or "").strip()
    if mapping(row.get("channel_info")).get("is_multi_key"):
        if text.startswith("["):
            return tuple(one if isinstance(one, str) else json.dumps(one) for one in json.loads(text))
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    if config.get("ak") and config.get("sk"):
        return ("|".join(str(config.get(name, "")) for name in ("ak", "sk", "region")).rstrip("|"),)
    return (str(config["vertex_ai_adc"]),) if config.get("vertex_ai_adc") else (text,) if text else ()


def _aws_last(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Put the region behind the credentials: one-hub writes `region|id|secret`."""
    return tuple("|".join([*rest, region]) for region, *rest in (key.split("|") for key in keys))


def _options(row: Row, config: Mapping[str, Any], provider: str | None) -> dict[str, str]:
    setting, other = mapping(row.get("setting")), str(row.get("other") or "").strip()
    found = {
        "override": _json(row.get("param_override")),
        "headers": _json(row.get("header_override")),
        "system_prefix": str(row.get("system_prompt") or setting.get("system_prompt") or "").strip(),
        "proxy": str(setting.get("proxy") or row.get("proxy") or ""),
    }
    if provider == "openai":
        found["organization"] = str(row.get("openai_organization") or row.get("open_ai_organization") or "")
    if provider == "azure":
        found["api_version"] = str(config.get("api_version") or other)
    if provider == "vertex":
        region, _, project = other.partition("|") if "|" in other else (_region(other), "", "")
        found["region"] = str(config.get("region") or region)
        found["project"] = str(config.get("vertex_ai_project_id") or project)
    if provider == "cloudflare":
        found["account_id"] = str(config.get("user_id") or other)
    return {name: value for name, value in found.items() if value}


def _region(text: str) -> str:
    """Return the region that counts for all models: new-api keeps one, or a JSON object with `default`."""
    return str(mapping(text).get("default", "")) if text.startswith("{") else text


def _json(value: Any) -> str:
    found = mapping(value)
    return json.dumps(found, ensure_ascii=False) if found else ""
