"""Lists are searched over the API as the back office searches them, and nobody finds what is not theirs."""

from __future__ import annotations

import pytest

from accounts import keys
from accounts.models import Membership
from tests.billing.shop import place, stocked
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_words_find_what_the_search_box_finds(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    end_user.user.name = "Ann Weaver"
    end_user.user.save(update_fields=["name"])
    key, _other = keys.issue(membership=end_user, name="phone", tags=("school",)).key, keys.issue(membership=end_user, name="laptop")
    keys.issue(membership=stranger, name="phone")
    order, _another = place(stocked(end_user.tenant)).order, place(stocked(stranger.tenant)).order
    call = program(reseller_owner)

    def found(path: str, words: str) -> list[int]:
        return [one["id"] for one in call("GET", f"{path}/?search={words}")[1]["results"]]

    assert (found("customers", "weaver"), found("customers", "ann@shop"), found("customers", "nobody")) == (
        [end_user.pk],
        [end_user.pk],
        [],
    )
    assert (found("keys", "phone"), found("keys", key.prefix)) == ([key.pk], [key.pk])
    assert (found("orders", order.number), found("orders", "guest@example.test")) == ([order.pk], [order.pk])
    assert found("products", "five") == [order.product_id]
    assert len(found("keys", "")) == 2


def test_what_is_no_search_is_refused_and_customers_find_their_own_alone(end_user: Membership, reseller_owner: Membership) -> None:
    keys.issue(membership=reseller_owner, name="phone")
    own = keys.issue(membership=end_user, name="phone").key
    call = program(end_user)
    assert [one["id"] for one in call("GET", "keys/?search=phone")[1]["results"]] == [own.pk]
    status, refused = call("GET", f"keys/?search={'x' * 101}")
    assert (status, list(refused["error"]["fields"])) == (400, ["search"])
    assert call("GET", "me/orders/?search=%00")[0] == 400
