"""The cast every test may use: the platform, one shop, and four people. Each person is a Membership (`.user`, `.tenant`)."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from accounts import tenants
from accounts.models import Membership, Tenant, User
from foundation import db
from tests import emptying

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Generator[None, None, None]:
    """Make the test database; at the end close the query threads' connections, which would keep it from being dropped."""
    emptying.install()
    yield
    db.close_threads()


@pytest.fixture
def root_tenant(db: None) -> Tenant:
    """The platform itself; it answers on platform.test."""
    return tenants.root()


@pytest.fixture
def tenant(root_tenant: Tenant) -> Tenant:
    """A reseller's shop; it answers on shop.test."""
    return tenants.open_tenant(slug="teahouse", name="Tea House", parent=root_tenant, domain="shop.test")


@pytest.fixture
def platform_admin(root_tenant: Tenant) -> Membership:
    """The operator: owner of the platform."""
    return _person("operator@platform.test", root_tenant, Membership.Role.OWNER)


@pytest.fixture
def reseller_owner(tenant: Tenant) -> Membership:
    """The owner of the shop."""
    return _person("owner@shop.test", tenant, Membership.Role.OWNER)


@pytest.fixture
def end_user(tenant: Tenant) -> Membership:
    """A customer of the shop."""
    return _person("ann@shop.test", tenant, Membership.Role.CUSTOMER)


@pytest.fixture
def stranger(root_tenant: Tenant) -> Membership:
    """The owner of another shop, which answers on elsewhere.test: must see nothing of ours."""
    elsewhere = tenants.open_tenant(slug="elsewhere", name="Elsewhere", parent=root_tenant, domain="elsewhere.test")
    return _person("owner@elsewhere.test", elsewhere, Membership.Role.OWNER)


def _person(email: str, at: Tenant, role: str) -> Membership:
    return tenants.join(tenant=at, user=User.objects.create_user(email=email, password=PASSWORD), role=role)
