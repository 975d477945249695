"""The playground's key: made by pressing the button, one for each member, little to spend, known to the browser that began."""

from __future__ import annotations

import datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import limits, price_book
from billing.money import MICROS
from channels_app import channels
from console.pages import playground

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}
PATH = "/console/playground/"


@pytest.fixture
def ann(client: Client, end_user: Membership) -> Client:
    cache.clear()
    price_book.set_price(model="good-model", input=MICROS, output=MICROS)
    channels.add(name="one", provider="demo", models=["good-model", "other-model"])
    client.force_login(end_user.user)
    return client


def secret_of(client: Client) -> str:
    return str(client.get(PATH, headers=SHOP).context["secret"])


def test_looking_makes_no_key(ann: Client) -> None:
    page = ann.get(f"{PATH}?model=other-model", headers=SHOP)
    assert "Make the key and begin" in page.content.decode()
    assert not ApiKey.objects.exists()


def test_the_button_makes_a_key_that_lives_a_day_and_spends_little(ann: Client, end_user: Membership) -> None:
    answer = ann.post(f"{PATH}?model=other-model", headers=SHOP)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{PATH}?model=other-model")
    page = ann.get(answer.headers["Location"], headers=SHOP)
    key = ApiKey.objects.get()
    assert keys.digest(page.context["secret"]) == key.digest
    assert page.context["chosen"] == "other-model"
    assert "no-store" in page.headers["Cache-Control"]
    assert key.expires_at is not None
    assert key.expires_at - timezone.now() < datetime.timedelta(days=1)
    assert (key.membership, key.rpm, key.tags) == (end_user, 20, ["playground"])
    assert [(window.scope, window.limit_micros) for window in limits.state(key.pk).windows] == [("day", 1_000_000)]
    assert page.context["secret"] not in str(dict(ann.session))


def test_a_reload_goes_on_and_another_browser_begins_anew(ann: Client, end_user: Membership) -> None:
    ann.post(PATH, headers=SHOP)
    first = secret_of(ann)
    assert secret_of(ann) == first
    other = Client()
    other.force_login(end_user.user)
    assert secret_of(other) == ""
    other.post(PATH, headers=SHOP)
    assert secret_of(other) not in {"", first}
    assert secret_of(ann) == ""
    assert ApiKey.objects.count() == 1


def test_own_limits_stay_and_a_stopped_key_is_left_alone(ann: Client, end_user: Membership) -> None:
    key = playground.begin(end_user).key
    limits.set_allowance(api_key_id=key.pk, day_micros=5_000_000)
    assert playground.begin(end_user).key.pk == key.pk
    assert [window.limit_micros for window in limits.state(key.pk).windows] == [5_000_000]
    keys.pause(key=key, is_paused=True)
    assert playground.begin(end_user).key.pk != key.pk


def test_an_expired_or_revoked_key_asks_to_begin(ann: Client) -> None:
    ann.post(PATH, headers=SHOP)
    ApiKey.objects.update(expires_at=timezone.now())
    assert secret_of(ann) == ""
    ann.post(PATH, headers=SHOP)
    keys.revoke(key=ApiKey.objects.get())
    assert secret_of(ann) == ""


def test_without_models_it_says_so(client: Client, end_user: Membership) -> None:
    cache.clear()
    client.force_login(end_user.user)
    assert "Nothing can be called here yet" in client.get(PATH, headers=SHOP).content.decode()
