"""The rows of upstreams; one module a subject."""

from channels_app.models.channels import Channel, ChannelCost, ChannelKey, ChannelModel, default_groups, provider_choices
from channels_app.models.routes import FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from channels_app.models.watching import (
    BalanceCheck,
    BalanceReading,
    ChannelCheck,
    ChannelEvent,
    CheckRun,
    FailureCount,
    ModelListing,
)

__all__ = [
    "BalanceCheck",
    "BalanceReading",
    "Channel",
    "ChannelCheck",
    "ChannelCost",
    "ChannelEvent",
    "ChannelKey",
    "ChannelModel",
    "CheckRun",
    "FailureCount",
    "FallbackChain",
    "GroupRoute",
    "ModelAlias",
    "ModelListing",
    "RoutingPolicy",
    "default_groups",
    "provider_choices",
]
