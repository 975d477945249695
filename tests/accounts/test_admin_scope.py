"""The base of both back offices, on two small sites of this test: doors, rows, choices and filters."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import include, path

from accounts import keys
from accounts.admin_scope import TenantAdminSite, TenantModelAdmin, TenantTabularInline
from accounts.models import ApiKey, Membership, Tenant, TenantDomain

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class PlatformSite(TenantAdminSite):
    is_platform = True


class KeyInline(TenantTabularInline[ApiKey, Membership]):
    model = ApiKey
    fields = ("name",)


class KeyAdmin(TenantModelAdmin[ApiKey]):
    fields = ("membership", "name")
    list_filter = ("membership", "state")
    search_fields = ("name",)
    ordering = ("pk",)
    delete_roles = ("owner",)


class MemberAdmin(TenantModelAdmin[Membership]):
    fields = ("user", "role", "note")
    search_fields = ("user__email",)
    ordering = ("pk",)
    inlines = (KeyInline,)


class DomainAdmin(TenantModelAdmin[TenantDomain]):
    fields = ("host",)


class TenantsAdmin(TenantModelAdmin[Tenant]):
    fields = ("name",)
    change_roles = ("owner",)


platform = PlatformSite(name="admin")
reseller = TenantAdminSite(name="reseller")
for site in (platform, reseller):
    site.register(ApiKey, KeyAdmin)
    site.register(Membership, MemberAdmin)
    site.register(Tenant, TenantsAdmin)
    site.register(TenantDomain, DomainAdmin)
urlpatterns = [path("admin/", platform.urls), path("reseller/", reseller.urls), path("", include("config.urls"))]

SHOP = {"host": "shop.test"}
PLATFORM = {"host": "platform.test"}


@pytest.fixture
def key(end_user: Membership) -> ApiKey:
    return keys.issue(membership=end_user, name="ann's key").key


@pytest.fixture
def foreign(stranger: Membership) -> ApiKey:
    return keys.issue(membership=stranger, name="foreign key").key


def status(client: Client, member: Membership | None, url: str, headers: dict[str, str] = SHOP) -> int:
    client.logout()
    if member is not None:
        client.force_login(member.user)
    return client.get(url, headers=headers).status_code


@pytest.mark.parametrize("url", ["/reseller/", "/reseller/login/?next=/reseller/accounts/apikey/", "/reseller/accounts/apikey/"])
def test_a_visitor_is_sent_to_the_one_sign_in_page(client: Client, tenant: Tenant, url: str) -> None:
    answer = client.get(url, headers=SHOP)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/reseller/")


def test_only_staff_of_the_place_come_in(
    client: Client, platform_admin: Membership, reseller_owner: Membership, end_user: Membership, stranger: Membership
) -> None:
    cast = {"platform": platform_admin, "owner": reseller_owner, "customer": end_user, "stranger": stranger}
    seen = {
        (name, url, headers["host"]): status(client, member, url, headers)
        for name, member in cast.items()
        for url in ("/admin/", "/reseller/")
        for headers in (SHOP, PLATFORM)
    }
    assert sorted(place for place, code in seen.items() if code == 200) == [
        ("owner", "/reseller/", "platform.test"),
        ("owner", "/reseller/", "shop.test"),
        ("platform", "/admin/", "platform.test"),
        ("platform", "/reseller/", "platform.test"),
        ("stranger", "/reseller/", "platform.test"),
    ]
    assert set(seen.values()) == {200, 404}


def test_the_admins_own_login_lets_nobody_in(client: Client, platform_admin: Membership, end_user: Membership) -> None:
    client.force_login(end_user.user)
    assert client.get("/admin/login/", headers=PLATFORM).status_code == 404
    client.force_login(platform_admin.user)
    assert client.get("/admin/login/", headers=PLATFORM)["Location"] == "/admin/"
    assert client.get("/admin/password_change/", headers=PLATFORM)["Location"] == "/accounts/password/change/"


def test_signing_out_needs_a_post(client: Client, reseller_owner: Membership) -> None:
    client.force_login(reseller_owner.user)
    client.get("/reseller/logout/", headers=SHOP)
    assert "_auth_user_id" in client.session
    client.post("/reseller/logout/", headers=SHOP)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_a_foreign_object_is_not_found_just_like_none(
    client: Client, reseller_owner: Membership, key: ApiKey, foreign: ApiKey, page: str
) -> None:
    client.force_login(reseller_owner.user)
    codes = [client.get(f"/reseller/accounts/apikey/{pk}/{page}/", headers=SHOP).status_code for pk in (foreign.pk, 999_999, key.pk)]
    assert codes == [404, 404, 200]


def test_there_is_no_way_to_any_object_of_any_model(client: Client, reseller_owner: Membership, foreign: ApiKey) -> None:
    client.force_login(reseller_owner.user)
    assert client.get(f"/reseller/r/1/{foreign.pk}/", headers=SHOP).status_code == 404


def test_lists_and_filters_show_the_own_shop_only(client: Client, reseller_owner: Membership, key: ApiKey, foreign: ApiKey) -> None:
    client.force_login(reseller_owner.user)
    page = client.get("/reseller/accounts/apikey/", headers=SHOP).text
    assert "ann&#x27;s key" in page
    assert "foreign key" not in page
    assert "owner@elsewhere.test" not in page


def test_search_and_autocomplete_find_the_own_shop_only(client: Client, reseller_owner: Membership, key: ApiKey, foreign: ApiKey) -> None:
    client.force_login(reseller_owner.user)
    assert "foreign key" not in client.get("/reseller/accounts/apikey/?q=key", headers=SHOP).text
    assert "foreign key" not in client.get("/reseller/search/?s=key", headers=SHOP).text


def test_a_foreign_owner_cannot_be_chosen(client: Client, reseller_owner: Membership, key: ApiKey, foreign: ApiKey) -> None:
    client.force_login(reseller_owner.user)
    url = f"/reseller/accounts/apikey/{key.pk}/change/"
    assert "owner@elsewhere.test" not in client.get(url, headers=SHOP).text
    answer = client.post(url, {"membership": foreign.membership_id, "name": "taken"}, headers=SHOP)
    assert answer.status_code == 200
    assert "Select a valid choice" in answer.text
    key.refresh_from_db()
    assert (key.membership_id, key.name) != (foreign.membership_id, "taken")


def test_a_lookup_through_relations_is_refused(client: Client, reseller_owner: Membership, key: ApiKey) -> None:
    client.force_login(reseller_owner.user)
    url = "/reseller/accounts/apikey/?membership__user__password__startswith=argon"
    assert client.get(url, headers=SHOP).status_code in {302, 400}


def test_what_is_added_belongs_to_the_shop(client: Client, reseller_owner: Membership, stranger: Membership) -> None:
    client.force_login(reseller_owner.user)
    client.post("/reseller/accounts/tenantdomain/add/", {"host": "new.test", "tenant": stranger.tenant_id}, headers=SHOP)
    assert TenantDomain.objects.get(host="new.test").tenant == reseller_owner.tenant


@pytest.mark.parametrize(("role", "expected"), [("owner", 200), ("manager", 403), ("support", 403)])
def test_roles_decide_who_changes_what(client: Client, reseller_owner: Membership, role: str, expected: int) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role=role)
    client.force_login(reseller_owner.user)
    url = f"/reseller/accounts/tenant/{reseller_owner.tenant_id}/change/"
    assert client.get(url, headers=SHOP).status_code == 200
    answer = client.post(url, {"name": "Renamed"}, headers=SHOP)
    assert answer.status_code == (302 if expected == 200 else 403)


def test_changes_by_staff_leave_no_log_entry(client: Client, reseller_owner: Membership, key: ApiKey) -> None:
    client.force_login(reseller_owner.user)
    client.post(f"/reseller/accounts/apikey/{key.pk}/change/", {"membership": key.membership_id, "name": "renamed"}, headers=SHOP)
    key.refresh_from_db()
    assert key.name == "renamed"
    assert admin.models.LogEntry.objects.count() == 0
