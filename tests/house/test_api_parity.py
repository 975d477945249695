"""The management API does all that the console and the back offices do: each page, act, field, filter has its operation, or a reason.

The pages are found by walking the URL tree, the acts and fields by asking the back offices themselves, as the platform's owner
and as a shop's; the operations are those of the schema. What is new in one of them and in neither list of `parity` fails here.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.db import transaction
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView
from drf_spectacular.generators import SchemaGenerator
from pytest_django import DjangoDbBlocker

from accounts import scope, tenants
from accounts.models import Membership, Tenant
from console.admin.pages import DeskForm
from console.admin.sites import platform_site, reseller_site
from foundation.forms import HouseForm
from tests.console import worlds
from tests.house.parity import DESK_PAGES, FORMS, INLINES, PAGES, STAYS, TABLES, Fields, Row, Why

pytestmark = pytest.mark.django_db
SITES = (platform_site, reseller_site)
# Sign-in by a service: its pages lead a browser there and back.
SERVICES = ("_login", "_callback", "_login_by_token")
Found = tuple[str, Any, HttpRequest, Any]


@functools.cache
def operations() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the operations of the schema: name → method and operation."""
    return {one["operationId"]: (method, one) for ways in schema()["paths"].values() for method, one in ways.items()}


@functools.cache
def schema() -> Any:
    generator: Any = SchemaGenerator
    return generator(urlconf="console.api.urls").get_schema(request=None, public=True)


def takes(name: str, path: str) -> bool:
    """Tell whether an operation's body has this (dotted) field."""
    found: Any = operations()[name][1].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for part in path.split("."):
        found = _properties(found).get(part)
        if found is None:
            return False
    return True


def _properties(shape: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in shape or "allOf" in shape:
        shape = shape["allOf"][0] if "allOf" in shape else schema()["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = shape.get("properties", {})
    return found


def walk(patterns: list[Any], before: str = "/") -> Iterator[tuple[str, URLPattern]]:
    """Yield every page that people open: not the back offices, which are asked themselves, nor what programs call."""
    for pattern in patterns:
        path = before + str(pattern.pattern).lstrip("^")
        if path.startswith(("/admin/", "/reseller/", "/api/")):
            continue
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        else:
            yield path, pattern


def is_redirect(pattern: URLPattern) -> bool:
    """Tell whether an address only leads to another page, as those that one-api had."""
    view: Any = pattern.callback
    return getattr(view, "view_class", None) is RedirectView or view.__module__ == "console.pages.moved"


def forms() -> dict[str, Any]:
    """Return every form of our own pages."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [DeskForm, HouseForm]
    while waiting:
        for form in waiting.pop().__subclasses__():
            waiting.append(form)
            if form.__module__.split(".")[0] != "tests":
                found[f"{form.__module__}.{form.__qualname__}"] = form
    return found


@pytest.fixture(scope="module")
def pages(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Found]]:
    """Every table of both back offices: its name, its admin, a request of an owner, a row of the shop."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = worlds.build("ours")
        operator = worlds.person("operator@people.test", tenants.root(), Membership.Role.OWNER)
        rows: dict[Any, Any] = {**world.objects, Tenant: world.tenant}
        yield [
            (model._meta.label_lower, admin, _request(member), rows.get(model))
            for site, member in zip(SITES, (operator, world.owner), strict=True)
            for model, admin in site._registry.items()
        ]
        transaction.set_rollback(True)


def _request(member: Membership) -> Any:
    request: Any = RequestFactory().get("/")
    request.user, request.tenant = member.user, member.tenant
    request.actor = scope.actor(user=member.user, tenant=member.tenant)
    return request


def acts_of(admin: Any) -> set[str]:
    """Return the names of what buttons of a table do, those in menus too."""
    named = (*(admin.actions or ()), *admin.actions_list, *admin.actions_detail, *admin.actions_row)
    return {name for one in named for name in (one["items"] if isinstance(one, dict) else [one])}


def missing(does: str, fields: Fields, names: list[str], *, when: str = "") -> set[str]:
    """Return the fields of a form that no operation takes under the name the table gives, or its own."""
    return {name for name in names if not _is_taken(does, fields, name, when)}


def _is_taken(does: str, fields: Fields, name: str, when: str) -> bool:
    known = fields.get(f"{when} {name}", fields.get(name))
    if isinstance(known, Why) or (name == "tenant" and when == "change"):
        return True
    wanted = known or {"tenant": "shop"}.get(name, "translations" if name.startswith("text_") else name)
    return any(takes(one, wanted) for one in does.split())


def named(table: dict[str, Row]) -> Iterator[str]:
    """Yield what the tables say does something."""
    for row in table.values():
        yield from (row.look, row.add, row.change, row.delete, *row.acts.values())


def test_every_page_has_its_operation_or_a_reason() -> None:
    found = [(path, pattern.name or path) for path, pattern in walk(get_resolver().url_patterns) if not is_redirect(pattern)]
    own = {name for path, name in found if not (name.endswith(SERVICES) and path.startswith("/accounts/")) or name == "account_login"}
    assert own - set(PAGES) == set()
    assert set(PAGES) - own == set()


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
def test_every_page_of_a_back_office_that_is_no_table_too(site: AdminSite) -> None:
    of_tables = tuple(f"{model._meta.app_label}_{model._meta.model_name}" for model in site._registry)
    found = {str(one.name) for one in site.get_urls() if isinstance(one, URLPattern) and one.name}
    assert {name for name in found if not name.startswith(of_tables)} - {"app_list"} == set(DESK_PAGES)


def test_every_table_of_the_back_offices_is_known_with_its_acts(pages: list[Found]) -> None:
    assert {name for name, *_rest in pages} == set(TABLES)
    acts: dict[str, set[str]] = {}
    for name, admin, *_rest in pages:
        acts[name] = acts.get(name, set()) | acts_of(admin)
    assert acts == {name: set(row.acts) for name, row in TABLES.items()}


def test_what_staff_add_change_and_delete_a_program_does_too(pages: list[Found]) -> None:
    for name, admin, request, row in pages:
        table = TABLES[name]
        assert table.add or not admin.has_add_permission(request), name
        assert table.change or row is None or not admin.has_change_permission(request, row), name
        assert table.delete or not admin.has_delete_permission(request, row), name
        for inline in admin.get_inline_instances(request, row):
            assert type(inline).__name__ in INLINES, name


def test_every_field_of_a_table_is_in_the_body_of_its_operation(pages: list[Found]) -> None:
    for name, admin, request, row in pages:
        table = TABLES[name]
        if row is not None and admin.has_change_permission(request, row):
            asked = list(admin.get_form(request, row, change=True).base_fields)
            assert missing(table.change, table.fields, asked, when="change") == set(), name
        if admin.has_add_permission(request) and name != "channels_app.channel":  # its form follows from the vendor, as on a change
            asked = list(admin.get_form(request, None).base_fields)
            assert missing(table.add, table.fields, asked, when="add") == set(), name


def test_every_filter_of_a_list_is_a_query_parameter(pages: list[Found]) -> None:
    for name, admin, request, _row in pages:
        table = TABLES[name]
        known = {one["name"] for one in operations()[table.look][1].get("parameters", ())}
        asked: set[Any] = {
            getattr(one, "parameter_name", one[0] if isinstance(one, tuple) else one) for one in admin.get_list_filter(request)
        }
        assert {one for one in asked if table.filters.get(one, one) not in known} == set(), name


def test_every_form_of_a_page_is_known_with_its_fields() -> None:
    assert set(forms()) - set(FORMS) == set()
    assert set(FORMS) - set(forms()) == set()
    for name, form in forms().items():
        known = FORMS[name]
        if not isinstance(known.does, Why):
            assert missing(known.does, known.fields, list(form.base_fields), when="add") == set(), name


def test_what_the_table_names_is_there_and_every_reason_says_something() -> None:
    told = [*PAGES.values(), *DESK_PAGES.values(), *named(TABLES), *INLINES.values(), *(form.does for form in FORMS.values())]
    reasons = {one for one in told if isinstance(one, Why)} | {STAYS}
    assert {name for one in told if not isinstance(one, Why) for name in one.split()} - set(operations()) == set()
    assert all(len(reason.split()) >= 5 for reason in reasons), reasons


@pytest.mark.parametrize(
    ("does", "field", "expected"),
    [("keys_create", "allowances.day_micros", True), ("keys_create", "allowances.year_micros", False), ("wallet", "name", False)],
)
def test_a_field_that_no_body_has_is_seen(does: str, field: str, expected: bool) -> None:
    assert takes(does, field) is expected


def test_a_page_and_a_field_that_nobody_told_of_are_seen() -> None:
    assert missing("keys_change", {"a": Why("for a good reason, told here"), "b": "name"}, ["a", "b", "c"]) == {"c"}
    assert missing("shop_change", {}, ["text_en_name", "text_en_footer", "tenant"], when="add") == {"tenant"}
