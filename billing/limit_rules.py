"""Find the limits that the rules of a chain of tenants set for one sub-key: rates to count, budgets to fit in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from accounts.keys import KeyFacts
from billing import limits
from billing.limits import Budget, Rate
from billing.models import KeyBudget, LimitRule

Rules = Sequence[LimitRule]


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """Everything that bounds a sub-key's calls beside its wallet; immutable."""

    rates: tuple[Rate, ...] = ()
    budgets: tuple[Budget, ...] = ()


def of_key(facts: KeyFacts) -> KeyLimits:
    """Return the limits of a key: its own, its customer's and its shop's. Makes the customer's budgets where there are none yet."""
    rules = _holding(facts)
    budgets = (*limits.budgets_of(facts.id), *(_budget(rule, facts.membership_id) for rule in rules if _has_spending(rule)))
    return KeyLimits(rates=_rates(facts, rules), budgets=tuple(sorted(budgets, key=lambda one: one.id)))


def _holding(facts: KeyFacts) -> Rules:
    """Return the rules that hold for a key, the general before the special ones."""
    chain = Q(tenant_id__in=facts.tenant_chain) & (Q(shop=None) | Q(shop_id__in=facts.tenant_chain))
    found: dict[tuple[int, int | None, str, str], LimitRule] = {}
    # "" sorts first: what is said for a group takes the place of what is said for all.
    for rule in LimitRule.objects.filter(chain, group__in=("", facts.group)).order_by("group", "id"):
        found[rule.tenant_id, rule.shop_id, rule.scope, rule.models_matched] = rule
    return tuple(found.values())


def _rates(facts: KeyFacts, rules: Rules) -> tuple[Rate, ...]:
    """Return one rate a counter; where several rules hold for it, the lowest of each limit counts."""
    rates: dict[str, Rate] = {}
    for rule in rules:
        name = _counter(facts, rule)
        before = rates.get(name, Rate(name))
        rates[name] = Rate(
            name,
            rpm=_lowest(before.rpm, rule.rpm),
            tpm=_lowest(before.tpm, rule.tpm),
            concurrency=_lowest(before.concurrency, rule.concurrency),
            scope=rule.scope,
            models=rule.models_matched,
        )
    name = f"key:{facts.id}"
    default = rates.get(name, Rate(name))
    rates[name] = Rate(
        name,
        rpm=default.rpm if facts.rpm is None else facts.rpm,
        tpm=default.tpm if facts.tpm is None else facts.tpm,
        concurrency=default.concurrency if facts.concurrency is None else facts.concurrency,
    )
    return tuple(rate for rate in rates.values() if (rate.rpm, rate.tpm, rate.concurrency) != (None, None, None))


def _counter(facts: KeyFacts, rule: LimitRule) -> str:
    subjects = {"key": facts.id, "customer": facts.membership_id, "tenant": rule.shop_id or facts.tenant_id}
    return ":".join(filter(None, (rule.scope, str(subjects[rule.scope]), rule.models_matched)))


def _lowest(first: int | None, second: int | None) -> int | None:
    return min((value for value in (first, second) if value is not None), default=None)


def _has_spending(rule: LimitRule) -> bool:
    return any(getattr(rule, name) is not None for name in LimitRule.SPENDING)


def _budget(rule: LimitRule, membership_id: int) -> Budget:
    """Return a customer's budget by a rule, brought into line with it."""
    said = {name: getattr(rule, name) for name in (*LimitRule.SPENDING, "models_matched")}
    row, is_new = KeyBudget.objects.get_or_create(membership_id=membership_id, rule=rule, defaults=said)
    if not is_new and any(getattr(row, name) != value for name, value in said.items()):
        KeyBudget.objects.filter(pk=row.pk).update(**said, recall_at=Now())
    return Budget(row.pk, rule.models_matched)
