"""Rows of `channels`: vendors, keys and settings of both products."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app import registry
from console.movein import vendors
from console.movein.channel_rows import ForeignChannel, channel


def read(product: str = "one-api", **fields: Any) -> ForeignChannel:
    return channel(product, {"id": 5, "type": 1, "key": "k", "status": 1, "name": "c", "models": "m"} | fields)


@pytest.mark.parametrize("product", ["one-api", "new-api", "one-hub"])
def test_every_type_leads_to_a_vendor_there_is(product: str) -> None:
    known = set(registry.providers())
    assert {kind: slug for kind, slug in vendors.TYPES[product].items() if slug not in known} == {}
    assert set(vendors.TYPES[product]) & set(vendors.NAMES[product]) == set()


@pytest.mark.parametrize(
    ("kind", "one_api", "new_api"),
    [(25, "moonshot", "moonshot"), (26, "baichuan", "zhipu"), (35, "cohere", "minimax"), (34, None, "cohere")],
)
def test_numbers_mean_different_vendors(kind: int, one_api: str | None, new_api: str | None) -> None:
    assert (read("one-api", type=kind).provider, read("new-api", type=kind).provider) == (one_api, new_api)


def test_names_upstream_follow_the_chain_of_the_mapping() -> None:
    assert read(models="a,b,c", model_mapping='{"a": "b", "b": "d", "c": "c"}').models == {"a": "d", "b": "d", "c": "c"}
    assert read(models="a", model_mapping='{"a": "b", "b": "a"}').models == {"a": "b"}
    assert read(models="a", model_mapping="not json").models == {"a": "a"}


def test_bedrock_and_vertex_keep_their_credentials_in_the_configuration() -> None:
    assert read(type=33, key="", config='{"ak": "A", "sk": "S", "region": "us-west-2"}').keys == ("A|S|us-west-2",)
    found = read(type=42, key="", config='{"region": "us-east5", "vertex_ai_project_id": "p", "vertex_ai_adc": "{}"}')
    assert (found.keys, found.options) == (("{}",), {"region": "us-east5", "project": "p"})


def test_pools_of_keys_of_new_api() -> None:
    info = '{"is_multi_key": true}'
    assert read("new-api", key="a\n\n b ", channel_info=info).keys == ("a", "b")
    assert read("new-api", key='[{"project_id": "p"}, "x"]', channel_info=info).keys == ('{"project_id": "p"}', "x")
    assert read("new-api", key="a\nb").keys == ("a\nb",)


def test_settings_become_options() -> None:
    found = read(
        "new-api",
        type=3,
        other="2024-10-21",
        setting='{"proxy": "socks5://p:1"}',
        param_override='{"top_p": 1}',
        header_override='{"x": "y"}',
    )
    assert found.options == {
        "override": '{"top_p": 1}', "headers": '{"x": "y"}', "proxy": "socks5://p:1", "api_version": "2024-10-21",
    }  # fmt: skip
    assert read(system_prompt=" be brief ").options == {"system_prefix": "be brief"}


def test_what_stays_behind_is_noted() -> None:
    assert read("new-api", status_code_mapping='{"400": "500"}').notes == ("status_code_mapping stays behind",)


def test_one_hub_has_numbers_and_habits_of_its_own() -> None:
    assert [read("one-hub", type=kind).provider for kind in (1, 14, 25, 28, 33, 40)] == [
        "openai", "anthropic", "gemini", "deepseek", "lingyiwanwu", None,
    ]  # fmt: skip
    assert read("one-hub", weight=7, proxy="socks5://127.0.0.1:1").weight == 7
    assert read("one-hub", proxy="socks5://127.0.0.1:1").options == {"proxy": "socks5://127.0.0.1:1"}
    assert read("one-hub", type=32, key="us-east-1|AKIA|secret").keys == ("AKIA|secret|us-east-1",)
    assert read("one-hub", type=42, other="us-east5|my-project").options == {"region": "us-east5", "project": "my-project"}
