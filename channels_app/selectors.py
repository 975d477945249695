"""Read the channels as the relay needs them: one immutable table, loaded once per change (snapshot kind `channels`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import structlog
from django.db.models import Prefetch, QuerySet

from channels_app import contract, model_map, registry
from channels_app.models import Channel, ChannelCost, ChannelKey, FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from channels_app.policies import Policies, Policy
from channels_app.rules import Drill, Rules
from foundation import vault

KIND = "channels"
KEY_CONTEXT = "channel-key"
# Answers are remembered per question; a table lives until the next change, so this is only a bound for strange loads.
_REMEMBERED = 20_000

NO_POLICIES = Policies()

log = structlog.get_logger(__name__)
_Question = tuple[tuple[int, ...], str, str]


class ChannelTable:
    """All enabled channels; answers from memory. `memo` is for what others find out by it: it goes with the table."""

    def __init__(self, channels: Iterable[contract.ChannelFacts], policies: Policies = NO_POLICIES) -> None:
        self.policies = policies
        self.memo: dict[Hashable, Any] = {}
        ordered = sorted(channels, key=lambda facts: (-facts.priority, facts.id))
        self._by_id = {facts.id: facts for facts in ordered}
        self._by_model: dict[str, list[contract.ChannelFacts]] = defaultdict(list)
        for facts in ordered:
            for model in facts.models:
                self._by_model[model].append(facts)
        self._patterned = [facts for facts in ordered if any(map(model_map.is_pattern, facts.models))]
        self._answers: dict[_Question, tuple[contract.ChannelFacts, ...]] = {}

    @property
    def ids(self) -> frozenset[int]:
        """Return the numbers of all enabled channels."""
        return frozenset(self._by_id)

    @property
    def daily_costs(self) -> Mapping[int, int]:
        """Return the most that channels with such a limit may cost a day, in µ$."""
        limits = ((facts.id, facts.rules.daily_cost_micros) for facts in self._by_id.values())
        return {channel: limit for channel, limit in limits if limit is not None}

    def by_id(self, channel_id: int) -> contract.ChannelFacts | None:
        """Return an enabled channel, or None."""
        return self._by_id.get(channel_id)

    def candidates(self, *, tenant_chain: tuple[int, ...], group: str, model: str) -> tuple[contract.ChannelFacts, ...]:
        """Return who serves a model to a group of a tenant's customers, highest priority first.

        `tenant_chain` runs from the root to the tenant: a channel serves its owner and everybody below.
        """
        question = (tenant_chain, group, model)
        found = self._answers.get(question)
        if found is None:
            groups = self.policies.channel_groups(tenant_chain, group)
            named = [*self._by_model.get(model, ())]
            named += [facts for facts in self._patterned if model not in facts.models and model_map.upstream(facts.models, model)]
            open_to_him = [facts for facts in named if facts.tenant_id in tenant_chain and _serves(facts, groups)]
            found = tuple(sorted(open_to_him, key=lambda facts: (-facts.priority, facts.id)))
            if len(self._answers) < _REMEMBERED:
                self._answers[question] = found
        return found

    def models(self, *, tenant_chain: tuple[int, ...], group: str) -> tuple[str, ...]:
        """Return the public names of all models served to a group of a tenant's customers, sorted; patterns are no names."""
        owners, groups = frozenset(tenant_chain), self.policies.channel_groups(tenant_chain, group)
        return tuple(
            sorted(
                model
                for model, channels in self._by_model.items()
                if not model_map.is_pattern(model) and any(facts.tenant_id in owners and _serves(facts, groups) for facts in channels)
            )
        )


def _serves(facts: contract.ChannelFacts, groups: frozenset[str]) -> bool:
    return not facts.groups or not groups.isdisjoint(facts.groups)


def load_table() -> ChannelTable:
    """Read every enabled channel that serves a model; keys that cannot be unsealed are left out and reported."""
    active = ChannelKey.objects.filter(state=ChannelKey.State.ACTIVE)
    rows = Channel.objects.filter(state=Channel.State.ENABLED).select_related("tenant").prefetch_related(*_related(active))
    return ChannelTable(filter(_can_call, map(facts_of, rows)), load_policies())


def resting(table: ChannelTable, *, tenant_chain: tuple[int, ...], group: str) -> dict[str, list[int]]:
    """Return the models of channels that would serve a group but for a check, or for want of a key that works, with these channels."""
    groups = table.policies.channel_groups(tenant_chain, group)
    states = (Channel.State.ENABLED, Channel.State.AUTO_DISABLED)
    rows = Channel.objects.filter(state__in=states, tenant__in=tenant_chain).exclude(pk__in=table.ids).prefetch_related("models")
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in rows:
        if not row.groups or not groups.isdisjoint(row.groups):
            for model in row.models.all():
                if not model_map.is_pattern(model.name):
                    found[model.name].append(row.pk)
    return dict(found)


def _can_call(facts: contract.ChannelFacts) -> bool:
    """Tell whether a key is left, or none is needed: a channel whose keys are all put aside must not call without one."""
    vendor = registry.providers().get(facts.provider)
    return vendor is not None and (bool(facts.keys) or not vendor.needs_key)


def load_policies() -> Policies:
    """Read what tenants decide about routing."""
    aliases: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for row in ModelAlias.objects.all():
        aliases[row.tenant_id][row.name] = row.model
    return Policies(
        aliases=dict(aliases),
        policies={row.tenant_id: Policy(row.mode, row.sticky_seconds, row.utility_model) for row in RoutingPolicy.objects.all()},
        groups={(row.tenant_id, row.group): frozenset(row.channel_groups) for row in GroupRoute.objects.all()},
        stand_ins={(row.tenant_id, row.model): tuple(row.stand_ins) for row in FallbackChain.objects.all()},
    )


def load_one(channel_id: int) -> contract.ChannelFacts:
    """Read one channel, whatever its state, with every key but those a person disabled; raise Channel.DoesNotExist."""
    keys = ChannelKey.objects.exclude(state=ChannelKey.State.DISABLED)
    return facts_of(Channel.objects.select_related("tenant").prefetch_related(*_related(keys)).get(pk=channel_id))


def _related(keys: QuerySet[ChannelKey]) -> tuple[str | Prefetch[str], ...]:
    return Prefetch("keys", queryset=keys.order_by("pk")), "models", "costs"


def facts_of(row: Channel) -> contract.ChannelFacts:
    """Turn a channel and its related rows into the relay's value."""
    return contract.ChannelFacts(
        id=row.pk,
        name=row.name,
        tenant_id=row.tenant_id,
        provider=row.provider,
        base_url=row.base_url,
        keys=tuple(key for key in map(_key, row.keys.all()) if key is not None),
        models=MappingProxyType({model.name: model.upstream_name for model in row.models.all()}),
        groups=frozenset(row.groups),
        priority=row.priority,
        weight=row.weight,
        options=MappingProxyType(dict(row.options)),
        costs=MappingProxyType({cost.model: _prices(cost) for cost in row.costs.all()}),
        allow_private=row.allow_private or row.tenant.parent_id is None,
        rules=_rules(row),
    )


def _rules(row: Channel) -> Rules:
    until = row.fault_until.timestamp() if row.fault_until else None
    return Rules(
        rpm=row.rpm,
        tpm=row.tpm,
        concurrency=row.concurrency,
        daily_cost_micros=row.daily_cost_micros,
        allow_loss=row.allow_loss,
        has_round_robin=row.key_order == Channel.KeyOrder.ROUND_ROBIN,
        drill=Drill(row.fault, row.fault_percent / 100, until) if row.fault else None,
    )


def _key(row: ChannelKey) -> contract.ChannelKey | None:
    try:
        plain = vault.unseal(row.sealed, context=KEY_CONTEXT)
    except vault.CannotUnseal:
        log.error("channel key cannot be unsealed", channel=row.channel_id, key=row.pk)
        return None
    return contract.ChannelKey(id=row.pk, secret=contract.Secret(plain), weight=row.weight)


def _prices(cost: ChannelCost) -> Mapping[str, int]:
    """Return an entry of the cost book in one flat table: buckets, units, and `<bucket>><tokens>` for each context tier."""
    named = {bucket: getattr(cost, bucket) for bucket in (*ChannelCost.BUCKETS, "per_call")}
    prices = {bucket: price for bucket, price in named.items() if price is not None} | cost.units
    for tier in cost.tiers:
        prices |= {f"{bucket}>{tier['above']}": price for bucket, price in tier.items() if bucket != "above"}
    return MappingProxyType(prices)
