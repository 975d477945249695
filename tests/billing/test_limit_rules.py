"""Which limits hold for a sub-key: rules of its shop and of those above it, by customer group, model and scope."""

from __future__ import annotations

import dataclasses

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import keys, tenants
from accounts.keys import KeyFacts
from accounts.models import Membership, Tenant
from billing import limit_rules, limits
from billing.limits import Budget, Rate
from billing.models import KeyBudget, LimitRule
from foundation.snapshots import read_versions

pytestmark = pytest.mark.django_db


@pytest.fixture
def facts(end_user: Membership) -> KeyFacts:
    """A customer's key without limits of its own."""
    issued = keys.issue(membership=end_user, name="k")
    found = keys.recognise(issued.key.digest)
    assert found is not None
    return found


def rates(facts: KeyFacts) -> set[Rate]:
    return set(limit_rules.of_key(facts).rates)


def test_without_rules_and_limits_nothing_is_counted(facts: KeyFacts) -> None:
    assert limit_rules.of_key(facts) == limit_rules.KeyLimits()


def test_each_scope_has_a_counter_of_its_own(facts: KeyFacts, tenant: Tenant) -> None:
    LimitRule.objects.create(tenant=tenant, scope="key", rpm=10)
    LimitRule.objects.create(tenant=tenant, scope="customer", tpm=20)
    LimitRule.objects.create(tenant=tenant, scope="tenant", concurrency=30)
    LimitRule.objects.create(tenant=tenant, scope="customer", models_matched="gpt-*", rpm=5)

    assert rates(facts) == {
        Rate(f"key:{facts.id}", rpm=10, scope="key"),
        Rate(f"customer:{facts.membership_id}", tpm=20, scope="customer"),
        Rate(f"tenant:{tenant.pk}", concurrency=30, scope="tenant"),
        Rate(f"customer:{facts.membership_id}:gpt-*", rpm=5, scope="customer", models="gpt-*"),
    }


def test_what_a_key_says_itself_goes_before_the_default(facts: KeyFacts, tenant: Tenant) -> None:
    LimitRule.objects.create(tenant=tenant, scope="key", rpm=10, tpm=1000)

    own = dataclasses.replace(facts, rpm=99)

    assert rates(own) == {Rate(f"key:{facts.id}", rpm=99, tpm=1000)}


def test_a_rule_for_the_customers_group_takes_the_place_of_the_general_one(facts: KeyFacts, tenant: Tenant) -> None:
    LimitRule.objects.create(tenant=tenant, scope="customer", rpm=10)
    LimitRule.objects.create(tenant=tenant, scope="customer", group="vip", rpm=100)
    LimitRule.objects.create(tenant=tenant, scope="customer", group="students", rpm=1)

    assert {one.rpm for one in rates(facts)} == {10}
    assert {one.rpm for one in rates(dataclasses.replace(facts, group="vip"))} == {100}


def test_rules_of_the_whole_chain_hold_and_the_lowest_counts(facts: KeyFacts, tenant: Tenant, root_tenant: Tenant) -> None:
    LimitRule.objects.create(tenant=root_tenant, scope="tenant", rpm=100, tpm=50_000)
    LimitRule.objects.create(tenant=tenant, scope="tenant", rpm=500, concurrency=9)

    assert rates(facts) == {Rate(f"tenant:{tenant.pk}", rpm=100, tpm=50_000, concurrency=9, scope="tenant")}


def test_a_rule_for_one_shop_is_for_no_other(facts: KeyFacts, tenant: Tenant, root_tenant: Tenant) -> None:
    other = tenants.open_tenant(slug="other", name="Other", parent=root_tenant)
    LimitRule.objects.create(tenant=root_tenant, shop=other, scope="tenant", rpm=1)
    LimitRule.objects.create(tenant=root_tenant, shop=tenant, scope="tenant", rpm=60)
    LimitRule.objects.create(tenant=other, scope="tenant", rpm=2)

    assert rates(facts) == {Rate(f"tenant:{tenant.pk}", rpm=60, scope="tenant")}


def test_spending_is_one_budget_a_customer_over_all_keys(facts: KeyFacts, end_user: Membership, tenant: Tenant) -> None:
    rule = LimitRule.objects.create(tenant=tenant, scope="customer", day_limit=500, month_limit=9_000)
    other = keys.recognise(keys.issue(membership=end_user, name="other").key.digest)
    assert other is not None

    (first,), (second,) = limit_rules.of_key(facts).budgets, limit_rules.of_key(other).budgets

    assert first == second == Budget(KeyBudget.objects.get().pk)
    row = KeyBudget.objects.get()
    assert (row.membership, row.rule, row.api_key, row.day_limit, row.month_limit, row.total_limit) == (
        end_user,
        rule,
        None,
        500,
        9_000,
        None,
    )


def test_a_changed_rule_changes_its_budgets_and_keeps_what_is_used(facts: KeyFacts, tenant: Tenant) -> None:
    rule = LimitRule.objects.create(tenant=tenant, scope="customer", day_limit=500)
    limit_rules.of_key(facts)
    KeyBudget.objects.update(day_used=400)
    LimitRule.objects.filter(pk=rule.pk).update(day_limit=100)

    limit_rules.of_key(facts)

    row = KeyBudget.objects.get()
    assert (row.day_limit, row.day_used, row.recall_at is not None) == (100, 400, True)


def test_a_keys_own_budgets_stand_beside_its_customers(facts: KeyFacts, tenant: Tenant) -> None:
    own = limits.set_allowance(api_key_id=facts.id, total_micros=7)
    narrow = KeyBudget.objects.create(api_key_id=facts.id, models_matched="gpt-*", day_limit=5)
    LimitRule.objects.create(tenant=tenant, scope="customer", models_matched="o1*", week_limit=3)

    found = limit_rules.of_key(facts).budgets

    assert found == (Budget(own.pk), Budget(narrow.pk, "gpt-*"), Budget(KeyBudget.objects.get(week_limit=3).pk, "o1*"))
    assert [limits.fits(one.models, "gpt-4o") for one in found] == [True, True, False]


def test_a_customers_days_are_those_of_the_tenant(facts: KeyFacts, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(zone="Asia/Tokyo")
    LimitRule.objects.create(tenant=tenant, scope="customer", day_limit=5)
    (budget,) = limit_rules.of_key(facts).budgets

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.resets AT TIME ZONE 'Asia/Tokyo' FROM billing_keybudget b, keyosk_windows(b) w WHERE w.scope = 'day' AND b.id = %s",
            [budget.id],
        )
        (ends,) = cursor.fetchone()
    assert (ends.hour, ends.minute) == (0, 0)


def test_spending_is_limited_per_customer_only(tenant: Tenant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LimitRule.objects.create(tenant=tenant, scope="key", day_limit=5)


def test_a_subject_has_one_rule(tenant: Tenant) -> None:
    LimitRule.objects.create(tenant=tenant, scope="key", rpm=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        LimitRule.objects.create(tenant=tenant, scope="key", rpm=6)


def test_relays_hear_of_every_changed_rule(tenant: Tenant) -> None:
    rule = LimitRule.objects.create(tenant=tenant, scope="key", rpm=5)
    before = read_versions()["keys"]
    LimitRule.objects.filter(pk=rule.pk).update(rpm=6)
    assert read_versions()["keys"] > before
