"""Lists of models: fetched, compared, taken over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import Tenant
from channels_app import asking, channels, listings
from channels_app.listings import Difference
from channels_app.models import Channel
from tests.doubles import replies
from tests.doubles.upstream import Upstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        started.on_path("/models", replies.answer({"data": [{"id": "up-1"}, {"id": "up-2"}, {"id": "x" * 150}]}))
        yield started


@pytest.fixture
def channel(root_tenant: Tenant, upstream: Upstream) -> Channel:
    return channels.add(name="up", provider="openai", base_url=upstream.url, key="sk-1", models={"m": "up-1", "old": "up-0"})


def test_what_is_new_and_what_is_gone_is_told_by_the_names_upstream(channel: Channel) -> None:
    listing = listings.fetch(channel.pk)
    assert (len(listing.names), listing.problem) == (3, "")
    assert listings.difference(listing) == Difference(new=("up-2",), gone=("old",))


def test_taking_it_over_serves_the_new_and_drops_the_gone_and_twice_is_once(channel: Channel) -> None:
    found = listings.difference(listings.fetch(channel.pk))
    assert listings.apply(channel=channel, add=found.new, remove=found.gone) == found
    assert listings.apply(channel=channel, add=found.new, remove=found.gone) == Difference((), ())
    assert dict(channel.models.values_list("name", "upstream_name")) == {"m": "up-1", "up-2": "up-2"}


def test_what_a_pattern_covers_is_served_already_and_a_pattern_is_never_gone(channel: Channel) -> None:
    channel.models.create(name="up-*", upstream_name="up-*")
    assert listings.difference(listings.fetch(channel.pk)) == Difference((), ("old",))


def test_a_failed_question_keeps_the_last_list_and_removes_nothing(channel: Channel, upstream: Upstream) -> None:
    listings.fetch(channel.pk)
    upstream.on_path("/models", replies.html(502))
    listing = listings.fetch(channel.pk)
    assert (listing.problem, len(listing.names)) == ("status 502", 3)


def test_without_any_list_nothing_counts_as_gone(channel: Channel, upstream: Upstream) -> None:
    upstream.on_path("/models", replies.html(502))
    assert listings.difference(listings.fetch(channel.pk)) == Difference((), ())


def test_a_vendor_without_a_list_is_an_error(channel: Channel) -> None:
    Channel.objects.update(provider="palm")
    with pytest.raises(asking.NotOffered):
        listings.fetch(channel.pk)
