"""What tenants decide about routing, as the relay knows it. Pure.

Each question goes up the chain of sellers: the nearest tenant that has said something counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels_app import model_map, utility_names

HEALTH, COST, WEIGHT = "health", "cost", "weight"
Chain = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How calls choose inside a priority (health, cost, weight), how long a conversation keeps to its channel, and who writes titles."""

    mode: str = HEALTH
    sticky_seconds: int = 600
    utility_model: str = ""


DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Policies:
    """All tenants' decisions; `chain` always runs from the root to the tenant."""

    policies: Mapping[int, Policy] = field(default_factory=dict)
    groups: Mapping[tuple[int, str], frozenset[str]] = field(default_factory=dict)
    stand_ins: Mapping[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def policy(self, chain: Chain) -> Policy:
        """Return how a tenant's calls choose."""
        return next((self.policies[tenant] for tenant in reversed(chain) if tenant in self.policies), DEFAULT)

    def channel_groups(self, chain: Chain, group: str) -> frozenset[str]:
        """Return the channel groups that serve a customer group: the one of the same name where nobody said otherwise."""
        found = next((self.groups[tenant, group] for tenant in reversed(chain) if (tenant, group) in self.groups), None)
        return frozenset((group,)) if found is None else found

    def chain_of(self, chain: Chain, model: str) -> tuple[str, ...]:
        """Return the models that stand in for a model, in order."""
        return next((self.stand_ins[tenant, model] for tenant in reversed(chain) if (tenant, model) in self.stand_ins), ())

    def meant(self, chain: Chain, name: str) -> str | None:
        """Return the model that answers under a name which nobody serves: an alias, or for names of small models the one for titles."""
        for tenant in reversed(chain):
            found = model_map.upstream(self.aliases.get(tenant, {}), name)
            if found is not None:
                return found
        return self.policy(chain).utility_model or None if utility_names.covers(name) else None
