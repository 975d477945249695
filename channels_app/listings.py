"""The models an upstream says it serves: fetched, compared with what the channel serves, taken over on request."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from channels_app import asking, channels, model_map, selectors
from channels_app.inquiry import NoAnswer
from channels_app.models import Channel, ChannelModel, ModelListing

_LONGEST_PUBLIC_NAME = 120


@dataclass(frozen=True, slots=True)
class Difference:
    """Names upstream that the channel does not serve yet, and public names whose model is not listed any more."""

    new: tuple[str, ...]
    gone: tuple[str, ...]


def fetch(channel_id: int) -> ModelListing:
    """Ask for the list and keep it; a failed question keeps the last list and says why. Raise Channel.DoesNotExist, NotOffered."""
    facts = selectors.load_one(channel_id)
    now = timezone.now()
    try:
        names, problem = asking.models(facts), ""
    except NoAnswer as error:
        names, problem = None, str(error)[:300]
    values = {"problem": problem, "asked_at": now} | ({} if names is None else {"names": [name[:200] for name in names]})
    return ModelListing.objects.update_or_create(channel_id=channel_id, defaults=values)[0]


def difference(listing: ModelListing) -> Difference:
    """Compare a list with what its channel serves."""
    served = dict(ChannelModel.objects.filter(channel_id=listing.channel_id).values_list("name", "upstream_name"))
    listed = set(listing.names)
    new = {name for name in listed - set(served.values()) if model_map.upstream(served, name) is None}
    gone = [name for name, there in served.items() if there not in listed and not model_map.is_pattern(name)] if listed else []
    return Difference(tuple(sorted(name for name in new if len(name) <= _LONGEST_PUBLIC_NAME)), tuple(sorted(gone)))


@transaction.atomic
def apply(*, channel: Channel, add: Collection[str] = (), remove: Collection[str] = ()) -> Difference:
    """Serve these names too, and those no more; return what was changed. Doing it again changes nothing."""
    before = set(channel.models.values_list("name", flat=True))
    made = [ChannelModel(channel=channel, name=name, upstream_name=name) for name in sorted(set(add) - before)]
    ChannelModel.objects.bulk_create(made, ignore_conflicts=True)
    gone = channel.models.filter(name__in=set(remove) - set(add))
    names = tuple(sorted(gone.values_list("name", flat=True)))
    gone.delete()
    channels.announce()
    return Difference(tuple(model.name for model in made), names)
