"""The first operator: a link that works once."""

from __future__ import annotations

import threading

import pytest
from django.db import connections
from django.test import Client

from accounts import people, setup, tenants
from accounts.models import Membership, Tenant

pytestmark = pytest.mark.django_db
FORM = {"email": "boss@example.com", "password": "a long pass phrase"}
PLATFORM = {"host": "platform.test"}


def the_link() -> str:
    link = setup.issue_setup_link()
    assert link is not None
    return link


def test_the_link_makes_the_first_operator_and_then_nobody(client: Client, root_tenant: Tenant) -> None:
    link = the_link()
    assert client.get(link, headers=PLATFORM).status_code == 200
    answer = client.post(link, FORM, headers=PLATFORM)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")
    owner = Membership.objects.get(tenant=root_tenant)
    assert (owner.user.email, owner.role) == ("boss@example.com", "owner")
    assert client.get(link, headers=PLATFORM).status_code == 404
    assert client.post(link, FORM, headers=PLATFORM).status_code == 404
    assert setup.issue_setup_link() is None


def test_a_weak_password_or_a_taken_address_is_said(client: Client, root_tenant: Tenant) -> None:
    people.add(email="boss@example.com")
    for form in (FORM, FORM | {"password": "123"}):
        answer = client.post(the_link(), form, headers=PLATFORM)
        assert answer.status_code == 200
        assert answer.context["form"].errors
    assert setup.has_owner() is False


def test_a_made_up_link_and_a_shops_host_find_nothing(client: Client, tenant: Tenant) -> None:
    assert client.get("/setup/guess/", headers=PLATFORM).status_code == 404
    assert client.get(the_link(), headers={"host": "shop.test"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_becomes_the_operator() -> None:
    tenants.root()
    start = threading.Barrier(2)
    refused: list[str] = []

    def attempt(email: str) -> None:
        start.wait()
        try:
            setup.make_first_operator(email=email, password="x")
        except setup.AlreadySetUp:
            refused.append(email)
        connections.close_all()

    threads = [threading.Thread(target=attempt, args=(f"{name}@example.com",)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(role="owner").count() == 1
    assert people.by_email(refused[0]) is None
