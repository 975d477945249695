"""The nearest seller who has said something about routing counts."""

from __future__ import annotations

from channels_app.policies import COST, DEFAULT, WEIGHT, Policies, Policy

ROOT, SHOP, SUB = 1, 2, 3
SAID = Policies(
    policies={ROOT: Policy(COST), SUB: Policy(WEIGHT, 0)},
    groups={(ROOT, "vip"): frozenset({"fast", "default"}), (SHOP, "vip"): frozenset({"slow"})},
    aliases={ROOT: {"tiny": "root-small", "haiku-*": "root-small"}, SHOP: {"tiny": "shop-small"}},
    stand_ins={(ROOT, "big"): ("small", "tiny"), (SUB, "big"): ()},
)


def test_the_nearest_policy_counts() -> None:
    assert SAID.policy((ROOT, SHOP)) == Policy(COST)
    assert SAID.policy((ROOT, SHOP, SUB)) == Policy(WEIGHT, 0)
    assert Policies().policy((ROOT,)) == DEFAULT


def test_a_group_uses_the_channels_of_its_name_unless_somebody_says_otherwise() -> None:
    assert SAID.channel_groups((ROOT, SHOP), "default") == {"default"}
    assert SAID.channel_groups((ROOT,), "vip") == {"fast", "default"}
    assert SAID.channel_groups((ROOT, SHOP, SUB), "vip") == {"slow"}


def test_a_tenant_may_say_that_nobody_stands_in() -> None:
    assert SAID.chain_of((ROOT, SHOP), "big") == ("small", "tiny")
    assert SAID.chain_of((ROOT, SHOP, SUB), "big") == ()
    assert SAID.chain_of((ROOT,), "other") == ()


def test_a_name_leads_where_the_nearest_seller_says() -> None:
    assert SAID.meant((ROOT, SHOP), "tiny") == "shop-small"
    assert SAID.meant((ROOT, SHOP), "haiku-5") == "root-small"
    assert SAID.meant((ROOT, SHOP), "other") is None


def test_names_of_small_models_lead_to_the_one_for_titles_where_there_is_one() -> None:
    said = Policies(policies={ROOT: Policy(utility_model="mini"), SUB: Policy()}, aliases={SHOP: {"gpt-4o-mini": "own"}})
    assert said.meant((ROOT,), "gpt-4o-mini") == said.meant((ROOT,), "claude-haiku-4-5-20251001") == "mini"
    assert said.meant((ROOT, SHOP), "gpt-4o-mini") == "own"
    assert said.meant((ROOT,), "gpt-4o") is None
    assert said.meant((ROOT, SHOP, SUB), "gemini-pro") is None
