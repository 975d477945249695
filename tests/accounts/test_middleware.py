"""Hosts, addresses and actors of a request."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from accounts.middleware import ActorMiddleware, AddressMiddleware, TenantMiddleware
from accounts.models import Membership, Tenant

pytestmark = pytest.mark.django_db


def _who(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"tenant": request.tenant.slug, "role": request.actor.role})  # type: ignore[attr-defined]  # set by middleware


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/static/css/app.css", "/admin/"])
def test_an_unknown_host_is_refused_before_anything_else(client: Client, root_tenant: Tenant, path: str) -> None:
    answer = client.get(path, headers={"host": "evil.test"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/plain")
    assert "Nobody answers on this host" in answer.text
    assert not answer.cookies


@pytest.mark.parametrize("host", ["", "a b", "x" * 300, "evil.test/@platform.test"])
def test_a_host_that_is_none_is_refused(client: Client, root_tenant: Tenant, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 404


def test_health_answers_on_any_host(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz", headers={"host": "10.1.2.3:80"})
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_the_tenant_comes_from_the_host_and_the_role_from_the_membership_there(
    rf: RequestFactory, reseller_owner: Membership, stranger: Membership
) -> None:
    stack = TenantMiddleware(ActorMiddleware(_who))
    answers = []
    for member in (reseller_owner, stranger):
        request = rf.get("/", headers={"host": "shop.test:8000"})
        request.user = member.user
        answers.append(stack(request).content)  # type: ignore[attr-defined]  # plain responses
    assert answers == [b'{"tenant": "teahouse", "role": "owner"}', b'{"tenant": "teahouse", "role": null}']


def test_nobody_is_looked_up_until_asked_for(rf: RequestFactory, tenant: Tenant, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    stack = TenantMiddleware(ActorMiddleware(lambda request: HttpResponse("static")))
    with django_assert_num_queries(1):
        stack(rf.get("/", headers={"host": "shop.test"}))


@pytest.mark.parametrize(
    ("peer", "told", "expected"),
    [
        ("", "203.0.113.9", "203.0.113.9"),
        ("unix:", "2001:db8::1", "2001:db8::1"),
        ("", "not an address", "127.0.0.1"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
    ],
)
def test_only_the_relays_socket_may_tell_the_address(rf: RequestFactory, peer: str, told: str, expected: str) -> None:
    request = rf.get("/", headers={"x-real-ip": told}, REMOTE_ADDR=peer)
    AddressMiddleware(lambda request: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == expected


@pytest.mark.parametrize(
    ("own", "offered", "address", "headers", "expected"),
    [
        ("en", [], "/shop/", {"accept-language": "zh-TW"}, "zh-hant"),
        ("en", [], "/shop/?lang=zh-hans", {"accept-language": "zh-TW"}, "zh-hans"),
        ("en", [], "/shop/?lang=de", {"accept-language": "zh-TW"}, "zh-hant"),
        ("zh-hans", [], "/shop/", {}, "zh-hans"),
        ("zh-hans", [], "/shop/", {"accept-language": "en"}, "en"),
        ("en", ["zh-hant"], "/shop/", {}, "zh-hant"),
        ("en", ["en"], "/shop/?lang=zh-hans", {"accept-language": "en"}, "en"),
    ],
)
def test_a_page_speaks_as_asked_else_as_the_visitor_else_as_the_shop(
    tenant: Tenant, own: str, offered: list[str], address: str, headers: dict[str, str], expected: str
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(language=own, languages=offered)
    assert f'<html lang="{expected}"' in Client(headers={"host": "shop.test", **headers}).get(address).content.decode()


def test_the_language_of_an_address_stays_and_the_menu_overrules_it(tenant: Tenant) -> None:
    client = Client(headers={"host": "shop.test", "accept-language": "en"})
    page = client.get("/shop/?q=a&lang=zh-hans").content.decode()
    assert 'name="next" value="/shop/?q=a"' in page
    assert '<html lang="zh-hans"' in client.get("/shop/").content.decode()
    assert client.post("/i18n/setlang/", {"language": "en", "next": "/shop/?q=a"})["Location"] == "/shop/?q=a"
    assert '<html lang="en"' in client.get("/shop/").content.decode()
