"""People who are vouched for."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts import people

pytestmark = pytest.mark.django_db


def test_a_person_is_found_in_any_case_and_may_sign_in_at_once() -> None:
    user = people.add(email="Ann@Example.com", password="pass word", name="Ann")
    assert user.email == "ann@example.com"
    assert user.check_password("pass word")
    assert people.by_email(" ANN@example.com ") == user
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == ("ann@example.com", True, True)


def test_an_address_is_taken_once() -> None:
    people.add(email="ann@example.com")
    with pytest.raises(people.EmailTaken):
        people.add(email="ANN@example.com")
    assert people.by_email("bob@example.com") is None
