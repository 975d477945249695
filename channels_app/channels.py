"""Set channels up and switch them: the verbs behind the back office and the command line.

ChannelError
├── NameTaken         the tenant has a channel of this name
├── NoSuchProvider    no vendor has this slug
├── BadAddress        the base address is no http(s) URL
├── BadOption         an option cannot be understood
└── Incomplete        a key, a model or the address is missing
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from accounts import events, tenants
from accounts.models import Tenant
from channels_app import channel_settings, contract, registry
from channels_app.models import Channel, ChannelEvent, ChannelKey, ChannelModel
from channels_app.selectors import KEY_CONTEXT, KIND
from foundation import snapshots, vault


class ChannelError(Exception):
    """A channel cannot be set up; the message says why and names the way out."""


class NameTaken(ChannelError):
    """Another channel of the tenant has this name."""


class NoSuchProvider(ChannelError):
    """No vendor has this slug."""


class BadAddress(ChannelError):
    """The base address cannot be used."""


class BadOption(ChannelError):
    """An option's value cannot be understood; `name` is the option."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.reason = message


class Incomplete(ChannelError):
    """Something without which the channel cannot work is missing."""


def add(
    *,
    name: str,
    provider: str,
    models: Sequence[str] | Mapping[str, str] = (),
    base_url: str = "",
    key: str = "",
    tenant: Tenant | None = None,
    groups: Sequence[str] = ("default",),
    tags: Sequence[str] = (),
    priority: int = 0,
    weight: int = 1,
    options: Mapping[str, Any] | None = None,
    allow_private: bool = False,
) -> Channel:
    """Make a channel of `tenant` (the platform if None); `models` maps public to upstream names, or lists equal ones.

    Without models the vendor's defaults are served. It is enabled unless the vendor is retired. Raise ChannelError.
    """
    named = _named_models(provider, models)
    owner = tenant or tenants.root()
    _refuse_impossible(owner, name=name, provider=provider, base_url=base_url, key=key, options=options or {})
    with transaction.atomic():
        channel = Channel.objects.create(
            tenant=owner,
            name=name,
            provider=provider,
            base_url=base_url,
            options=dict(options or {}),
            groups=list(groups),
            tags=list(tags),
            priority=priority,
            weight=weight,
            allow_private=allow_private,
            **first_state(provider),
        )
        ChannelKey.objects.create(channel=channel, **_sealed(key))
        ChannelModel.objects.bulk_create(ChannelModel(channel=channel, name=public, upstream_name=up) for public, up in named.items())
        announce()
    return channel


def first_state(provider: str) -> dict[str, str]:
    """Return the state of a new channel and the reason: what a vendor may have switched off is switched on by a person."""
    if registry.provider(provider).is_retired:
        return {"state": Channel.State.DISABLED, "reason": "The vendor has retired this interface."}
    return {"state": Channel.State.ENABLED, "reason": ""}


def key_parts(channel: Channel) -> dict[str, str]:
    """Return the parts of a channel's first credential by name, as its vendor has them; empty where there is none."""
    vendor, stored = registry.provider(channel.provider), channel.keys.order_by("pk").first()
    if stored is None or not vendor.key_parts:
        return {}
    key = contract.ChannelKey(stored.pk, contract.Secret(vault.unseal(stored.sealed, context=KEY_CONTEXT)))
    return dict(zip((part.name for part in vendor.key_parts), vendor.split(key), strict=True))


def _refuse_impossible(owner: Tenant, *, name: str, provider: str, base_url: str, key: str, options: Mapping[str, Any]) -> None:
    check_address(base_url)
    if registry.provider(provider).needs_key and not key:
        raise Incomplete(f"the provider {provider} needs a key")
    if registry.provider(provider).needs_address and not base_url:
        raise Incomplete(f"the provider {provider} has no address of its own: type the base address of yours")
    if Channel.objects.filter(tenant=owner, name=name).exists():
        raise NameTaken(f"there is a channel {name} already")
    check_settings(options)


def _named_models(provider: str, models: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    try:
        defaults = registry.provider(provider).default_models
    except registry.UnknownProvider:
        known = ", ".join(registry.providers())
        raise NoSuchProvider(f"there is no provider {provider}; known ones: {known}") from None
    named = dict(models) if isinstance(models, Mapping) else {model: model for model in models}
    named = named or {model: model for model in defaults}
    if not named:
        raise Incomplete("name the models this channel serves")
    return named


def check_address(base_url: str) -> None:
    """Raise BadAddress unless the address is empty (the vendor's own) or an http(s) URL with a host."""
    parts = urlsplit(base_url)
    if base_url and (parts.scheme not in {"http", "https", "ws", "wss"} or not parts.hostname):
        raise BadAddress(f"{base_url} is no http or https address")


def check_settings(options: Mapping[str, Any]) -> None:
    """Raise BadOption where what every channel may set (`channel_settings`) cannot be understood."""
    try:
        channel_settings.check(options)
    except channel_settings.BadSetting as error:
        raise BadOption(error.name, str(error)) from None


@transaction.atomic
def serve(*, channel: Channel, served: Mapping[str, str]) -> None:
    """Make the channel's models these, public to upstream name; rows that stay keep their ids."""
    channel.models.exclude(name__in=list(served)).delete()
    ChannelModel.objects.bulk_create(
        [ChannelModel(channel=channel, name=name, upstream_name=upstream) for name, upstream in served.items()],
        update_conflicts=True, unique_fields=["channel", "name"], update_fields=["upstream_name"],
    )  # fmt: skip
    announce()


def set_key(*, channel: Channel, key: str) -> ChannelKey:
    """Replace all credentials of a channel by one."""
    with transaction.atomic():
        channel.keys.all().delete()
        made = ChannelKey.objects.create(channel=channel, **_sealed(key))
        announce()
    return made


def add_key(*, channel: Channel, key: str, weight: int = 1) -> ChannelKey:
    """Add a credential to a channel's pool."""
    made = ChannelKey.objects.create(channel=channel, weight=weight, **_sealed(key))
    announce()
    return made


def remove_key(*, key: ChannelKey) -> None:
    """Forget a credential."""
    key.delete()
    announce()


@transaction.atomic
def copy(*, channel: Channel) -> Channel:
    """Make a disabled channel with the same settings, models, keys and costs under the next free name."""
    made = Channel.objects.get(pk=channel.pk)
    made.pk, made.name = None, _free_name(channel)
    made.state, made.reason, made.fault = Channel.State.DISABLED, "", Channel.Fault.NONE
    made.save(force_insert=True)
    for rows in (channel.keys.order_by("pk"), channel.models.order_by("pk"), channel.costs.order_by("pk")):
        for row in rows:
            row.pk, row.channel = None, made
            row.save(force_insert=True)
    announce()
    return made


def _free_name(channel: Channel) -> str:
    taken = set(Channel.objects.filter(tenant_id=channel.tenant_id).values_list("name", flat=True))
    names = (f"{channel.name[:70]} ({number})" for number in itertools.count(2))
    return next(name for name in names if name not in taken)


def enable(*, channel: Channel) -> None:
    """Let the relay use a channel."""
    _set_state(channel, Channel.State.ENABLED, "")


def disable(*, channel: Channel, reason: str = "") -> None:
    """Take a channel out; only a person brings it back."""
    _set_state(channel, Channel.State.DISABLED, reason)


def auto_disable(*, channel: Channel, reason: str) -> bool:
    """Take an enabled channel out because its checks fail; a check that succeeds brings it back. False when it was out."""
    with transaction.atomic():
        is_out = _move(channel, Channel.State.ENABLED, Channel.State.AUTO_DISABLED, reason)
        if is_out:
            events.emit(
                tenant_id=channel.tenant_id or tenants.root().pk, kind="channel.down", data={"channel": channel.name, "reason": reason}
            )
    return is_out


def revive(*, channel: Channel) -> bool:
    """Bring back a channel that a check took out, never one that a person disabled. False when it was not out."""
    return _move(channel, Channel.State.AUTO_DISABLED, Channel.State.ENABLED, "")


@transaction.atomic
def set_key_state(*, key: ChannelKey, state: ChannelKey.State, reason: str = "") -> bool:
    """Put one credential aside, or back into the pool; False when it was so already, or a person has disabled it meanwhile."""
    rows = ChannelKey.objects.filter(pk=key.pk, state=key.state)
    if key.state == state or not rows.update(state=state, reason=reason[:300]):
        return False
    _note(key.channel_id, key.state, state, reason, key=key)
    key.state, key.reason = state, reason[:300]
    announce()
    return True


def announce() -> None:
    """Tell the relay, on commit, that channels changed."""
    transaction.on_commit(functools.partial(snapshots.announce, KIND), robust=True)


@transaction.atomic
def _set_state(channel: Channel, state: Channel.State, reason: str) -> None:
    if channel.state != state:
        _note(channel.pk, channel.state, state, reason)
    channel.state, channel.reason = state, reason[:300]
    channel.save(update_fields=["state", "reason"])
    announce()


@transaction.atomic
def _move(channel: Channel, before: Channel.State, after: Channel.State, reason: str) -> bool:
    """Change the state where it still is `before`: of two who try, one does it."""
    if not Channel.objects.filter(pk=channel.pk, state=before).update(state=after, reason=reason[:300]):
        return False
    _note(channel.pk, before, after, reason)
    channel.refresh_from_db(fields=["state", "reason"])
    announce()
    return True


def _note(channel_id: int, before: str, after: str, reason: str, *, key: ChannelKey | None = None) -> None:
    ChannelEvent.objects.create(channel_id=channel_id, key=key, before=before, after=after, reason=reason[:300])


def _sealed(key: str) -> dict[str, str]:
    return {"sealed": vault.seal(key, context=KEY_CONTEXT), "last4": key[-4:] if len(key) >= 12 else ""}
