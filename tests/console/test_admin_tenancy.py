"""Nobody sees or moves what is not theirs: every address and every action of both back offices, for every role."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core import serializers
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from accounts import tenants
from accounts.models import Membership
from console.admin.sites import DeskSite, platform_site, reseller_site
from tests.console import worlds
from tests.console.worlds import World

pytestmark = pytest.mark.django_db

SITES: dict[str, DeskSite] = {"admin": platform_site, "reseller": reseller_site}
OUTSIDERS = ("customer", "stranger", "foreign_owner")
PLATFORM_HOST = "platform.test"
STAFF = [("owner", "ours.test"), ("owner", PLATFORM_HOST), ("manager", "ours.test"), ("support", "ours.test")]


def admins(site: str) -> list[type[Model]]:
    """Return the models a site registers, in a fixed order."""
    return sorted(SITES[site]._registry, key=lambda model: model._meta.label)


RESELLER = [pytest.param(model, id=model._meta.label) for model in admins("reseller")]
EVERY = [pytest.param(site, model, id=f"{site}-{model._meta.label}") for site in SITES for model in admins(site)]


@dataclass
class Stage:
    """Our shop, the strangers' shop, and the people who knock."""

    ours: World
    theirs: World
    operator: Membership
    stranger: Membership

    def who(self, role: str) -> Membership | None:
        """Return the person of a role; None is the anonymous visitor."""
        if role == "foreign_owner":
            return self.theirs.owner
        if role in {"operator", "stranger"}:
            return {"operator": self.operator, "stranger": self.stranger}[role]
        return None if role == "anonymous" else getattr(self.ours, role)

    def client(self, role: str, host: str) -> Client:
        """Return a browser of that person on a host."""
        client = Client(HTTP_HOST=host, raise_request_exception=True)
        person = self.who(role)
        if person is not None:
            client.force_login(person.user)
        return client


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Stage]:
    """Both shops, made once for the module inside a transaction that is never committed; each test undoes its own changes."""
    with django_db_blocker.unblock(), transaction.atomic():
        root = tenants.root()
        yield Stage(
            ours=worlds.build("ours"),
            theirs=worlds.build("theirs"),
            operator=worlds.person("operator@people.test", root, "owner"),
            stranger=worlds.person("stranger@people.test", root, "customer"),
        )
        transaction.set_rollback(True)


@pytest.fixture
def stage(built: Stage, db: None) -> Stage:
    return built


def addresses(site: str, model: type[Model], pk: object) -> Iterator[str]:
    """Yield every address of a model's pages; those of an object carry the key."""
    model_admin = SITES[site]._registry[model]
    for pattern in model_admin.get_urls():
        name = getattr(pattern, "name", None)
        if not name:
            continue
        needs_object = "object_id" in pattern.pattern.regex.groupindex
        yield reverse(f"{site}:{name}", args=[pk] if needs_object else [])


def object_addresses(site: str, model: type[Model], pk: object) -> list[str]:
    """Return only the addresses of one object."""
    other = "00000000-0000-7000-8000-000000000000" if len(str(pk)) == 36 else "987654321"
    return [a for a, b in zip(addresses(site, model, pk), addresses(site, model, other), strict=True) if a != b]


def list_address(site: str, model: type[Model]) -> str:
    return reverse(f"{site}:{model._meta.app_label}_{model._meta.model_name}_changelist")


def state_of(world: World) -> str:
    """Return every stored field of a shop's objects."""
    found = [type(obj)._base_manager.get(pk=obj.pk) for obj in world.objects.values()]
    return str(serializers.serialize("json", found))


@pytest.mark.parametrize(("site", "model"), EVERY)
def test_outsiders_find_nothing_and_visitors_are_sent_to_sign_in(stage: Stage, site: str, model: type[Model]) -> None:
    pk = stage.ours.objects[model].pk if model in stage.ours.objects else 1
    host = PLATFORM_HOST if site == "admin" else "ours.test"
    roles = (*OUTSIDERS, "owner", "manager", "support") if site == "admin" else OUTSIDERS
    for address in addresses(site, model, pk):
        answer = stage.client("anonymous", host).get(address)
        assert (answer.status_code, answer.headers.get("Location", "")[:16]) == (302, "/accounts/login/"), address
        for role in roles:
            if role == "foreign_owner" and site == "reseller":
                continue  # below: at ours.test a member of another shop is an outsider too
            assert stage.client(role, host).get(address).status_code == 404, (role, address)
        assert stage.client(roles[-1], host).post(address).status_code == 404, address


@pytest.mark.parametrize("model", RESELLER)
def test_a_foreign_owner_is_an_outsider_on_our_host(stage: Stage, model: type[Model]) -> None:
    client = stage.client("foreign_owner", "ours.test")
    for address in addresses("reseller", model, stage.ours.objects[model].pk):
        assert client.get(address).status_code == 404, address


@pytest.mark.parametrize("model", RESELLER)
@pytest.mark.parametrize(("role", "host"), STAFF)
def test_staff_find_their_own_and_no_foreign_object(stage: Stage, model: type[Model], role: str, host: str) -> None:
    client = stage.client(role, host)
    own, foreign = stage.ours.objects[model], stage.theirs.objects[model]
    change = reverse(f"reseller:{model._meta.app_label}_{model._meta.model_name}_change", args=[own.pk])
    assert client.get(change).status_code == 200
    before = state_of(stage.theirs)
    for address in object_addresses("reseller", model, foreign.pk):
        assert client.get(address).status_code == 404, address
        assert client.post(address, {"post": "yes"}).status_code == 404, address
    assert state_of(stage.theirs) == before


@pytest.mark.parametrize("model", RESELLER)
def test_lists_and_searches_show_our_rows_and_no_foreign_one(stage: Stage, model: type[Model]) -> None:
    client = stage.client("owner", "ours.test")
    foreign = stage.theirs.objects[model].pk
    for query in ("", "?q=their", f"?q={foreign}"):
        page = client.get(list_address("reseller", model) + query)
        assert page.status_code == 200, query
        assert "theirs" not in page.content.decode(), query
        assert foreign not in {row.pk for row in page.context["cl"].result_list}
    assert stage.ours.objects[model].pk in {row.pk for row in client.get(list_address("reseller", model)).context["cl"].queryset}


@pytest.mark.parametrize("model", RESELLER)
def test_actions_do_not_reach_foreign_rows(stage: Stage, model: type[Model]) -> None:
    client = stage.client("owner", "ours.test")
    model_admin = SITES["reseller"]._registry[model]
    before = state_of(stage.theirs)
    for action in action_names(model_admin):
        data = {"action": action, ACTION_CHECKBOX_NAME: [stage.theirs.objects[model].pk], "post": "yes"}
        assert client.post(list_address("reseller", model), data).status_code in {200, 302}, action
        data["select_across"] = "1"
        client.post(list_address("reseller", model), data)
    assert state_of(stage.theirs) == before


@pytest.mark.parametrize(("site", "model"), EVERY)
def test_support_and_outsiders_cannot_run_an_action(stage: Stage, site: str, model: type[Model]) -> None:
    if model not in stage.ours.objects:
        pytest.skip("global: no shop has one")
    before = state_of(stage.ours)
    host = PLATFORM_HOST if site == "admin" else "ours.test"
    for role in ("support", *OUTSIDERS):
        for action in action_names(SITES[site]._registry[model]):
            data = {"action": action, ACTION_CHECKBOX_NAME: [stage.ours.objects[model].pk], "post": "yes"}
            stage.client(role, host).post(list_address(site, model), data)
    assert state_of(stage.ours) == before


def action_names(model_admin: ModelAdmin[Model]) -> list[str]:
    return [str(getattr(action, "__name__", action)) for action in model_admin.actions or ()] + ["delete_selected"]


@pytest.mark.parametrize("model", RESELLER)
def test_forms_offer_and_take_no_foreign_object(stage: Stage, model: type[Model]) -> None:
    client = stage.client("owner", "ours.test")
    name = f"reseller:{model._meta.app_label}_{model._meta.model_name}"
    for address in (reverse(f"{name}_add"), reverse(f"{name}_change", args=[stage.ours.objects[model].pk])):
        page = client.get(address)
        if page.status_code != 200:
            assert page.status_code in {403, 404}
            continue
        assert "theirs" not in page.content.decode()
        for field in model._meta.get_fields():
            if not (field.is_relation and field.many_to_one and field.related_model in stage.theirs.objects):
                continue
            foreign = stage.theirs.objects[field.related_model]
            before = model._base_manager.filter(**{field.name: foreign}).count()
            client.post(address, {field.name: foreign.pk, "name": "x"})
            assert model._base_manager.filter(**{field.name: foreign}).count() == before, (address, field.name)


def test_choices_of_a_search_field_are_our_own(stage: Stage) -> None:
    client = stage.client("owner", "ours.test")
    address = reverse("reseller:autocomplete")
    for model in admins("reseller"):
        for name in SITES["reseller"]._registry[model].autocomplete_fields:
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": name, "term": "s"}
            found = client.get(address, query).json()["results"]
            assert found, (model, name)
            assert "theirs" not in str(found)


def test_the_first_page_and_the_search_show_staff_only_their_shop(stage: Stage) -> None:
    for role in ("owner", "manager", "support"):
        page = stage.client(role, "ours.test").get("/reseller/")
        assert page.status_code == 200
        assert "theirs" not in page.content.decode()
    assert stage.client("owner", "ours.test").get("/reseller/search/?s=sub").status_code == 200
    for role in OUTSIDERS:
        assert stage.client(role, "ours.test").get("/reseller/").status_code == 404


@pytest.mark.parametrize("page", ["statistics/", "statistics/sales.csv", "statistics/calls.csv"])
def test_statistics_are_for_staff_and_of_their_own_shop(stage: Stage, page: str) -> None:
    for site, host in (("admin", PLATFORM_HOST), ("reseller", "ours.test")):
        answer = stage.client("anonymous", host).get(f"/{site}/{page}")
        assert (answer.status_code, answer.headers["Location"][:16]) == (302, "/accounts/login/")
        for role in (*OUTSIDERS, "owner", "manager", "support") if site == "admin" else OUTSIDERS:
            assert stage.client(role, host).get(f"/{site}/{page}").status_code == 404, (site, role)
    for role, host in STAFF:
        answer = stage.client(role, host).get(f"/reseller/{page}?tenant={stage.theirs.owner.tenant_id}")
        assert answer.status_code == (403 if role == "support" and page.endswith(".csv") else 200), role
        shown = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]  # it streams
        assert b"theirs" not in shown, role


def test_the_operator_sees_both_shops(stage: Stage) -> None:
    client = stage.client("operator", PLATFORM_HOST)
    for model in admins("admin"):
        page = client.get(list_address("admin", model))
        assert page.status_code == 200, model
        if model in stage.theirs.objects:
            assert stage.theirs.objects[model].pk in {row.pk for row in page.context["cl"].queryset}
