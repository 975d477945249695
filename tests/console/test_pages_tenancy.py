"""Every address of the console and of the API, found by walking the URL tree: strangers find nothing, foreign objects are out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts import access_tokens, invitations, middleware, visits
from accounts.models import (
    Acceptance,
    AccessToken,
    ApiKey,
    AuditEvent,
    Invitation,
    KeywordScreen,
    LegalPage,
    MailServer,
    MailText,
    Membership,
    NotificationTarget,
    PastEntry,
    Referral,
    ShopApplication,
    SignInApp,
    SupportVisit,
    Tenant,
    TenantDomain,
    Turnstile,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from billing.models import (
    BuyerBlock,
    Card,
    CardBatch,
    Category,
    Code,
    CodeBatch,
    Coupon,
    Dispute,
    GatewayAccount,
    GroupRate,
    InvoiceRequest,
    Journal,
    LedgerAccount,
    LimitRule,
    Order,
    PriceCeiling,
    PriceRule,
    Product,
    ProductPicture,
    PromotionRule,
    ReadyKey,
    ReferralProgram,
    ReferralReward,
    Refund,
    Suspicion,
    Transfer,
    WebhookInbox,
    Withdrawal,
)
from channels_app.models import Channel, ChannelCost, ChannelKey, FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from foundation.models import Job, OutboxMessage
from gateway.models import UsageRecord
from tests.console import worlds
from tests.console.test_admin_tenancy import state_of
from tests.console.worlds import World

pytestmark = pytest.mark.django_db
OURS, THEIRS = "ours.test", "theirs.test"
# The API's collections → the model whose objects they hold.
OF_API: dict[str, type[Model]] = {
    "keys": ApiKey, "customers": Membership, "tenants": Tenant, "products": Product, "categories": Category, "coupons": Coupon,
    "code-batches": CodeBatch, "codes": Code, "orders": Order, "refunds": Refund, "disputes": Dispute,
    "prices": PriceRule, "groups": GroupRate, "limits": LimitRule, "legal-pages": LegalPage,
    "channels": Channel, "channel-costs": ChannelCost, "usage": UsageRecord,
    "routing-policies": RoutingPolicy, "group-routes": GroupRoute, "fallback-chains": FallbackChain, "model-aliases": ModelAlias,
    "domains": TenantDomain, "applications": ShopApplication, "card-batches": CardBatch, "cards": Card, "invitations": Invitation,
    "payment-accounts": GatewayAccount, "payment-messages": WebhookInbox,
    "ledger-accounts": LedgerAccount, "journals": Journal, "transfers": Transfer, "audits": Tenant, "audit": AuditEvent,
    "product-pictures": ProductPicture, "ready-keys": ReadyKey, "invoices": InvoiceRequest, "withdrawals": Withdrawal,
    "suspicions": Suspicion, "price-ceilings": PriceCeiling, "buyer-blocks": BuyerBlock,
    "promotion-rules": PromotionRule, "purchases": Product, "acceptances": Acceptance, "sign-in-apps": SignInApp,
    "mail-servers": MailServer, "mail-texts": MailText, "people": User,
    "jobs": Job, "channel-checks": Job, "outgoing-messages": OutboxMessage,
    "keyword-screens": KeywordScreen,
    "turnstiles": Turnstile, "past-entries": PastEntry, "referral-programs": ReferralProgram, "referrals": Referral,
    "referral-rewards": ReferralReward,
    "webhooks": WebhookEndpoint, "webhook-deliveries": WebhookDelivery, "notification-targets": NotificationTarget,
}  # fmt: skip

# The collections below `me/` → the model whose objects are a person's own.
OWN: dict[str, type[Model]] = {
    "addresses": EmailAddress, "factors": Authenticator, "connections": SocialAccount, "sessions": UserSession, "visits": SupportVisit,
    "orders": Order,
}  # fmt: skip


@dataclass(frozen=True)
class Address:
    """One address of the tree: its template, and the names of what stands in it."""

    path: str
    arguments: tuple[str, ...]
    name: str

    def at(self, world: World) -> str:
        """Fill in a shop's own objects."""
        filled = self.path
        for argument in self.arguments:
            filled = filled.replace(f"<{argument}>", str(self._object(world)))
        return filled

    def _object(self, world: World) -> object:
        if "calls" in self.path:
            return world.objects[UsageRecord].pk
        if "tokens" in self.path:
            return AccessToken.objects.filter(membership=world.customer).earliest("pk").pk
        if "/me/" in self.path:
            return _own(self.path.split("/")[4], world)
        if "channel-keys" in self.path:
            return ChannelKey.objects.get(channel_id=world.objects[Channel].pk).pk
        # The first part that names a collection: `channels/<pk>/keys/` is of a channel.
        model = next((OF_API[part] for part in self.path.split("/") if part in OF_API), ApiKey)
        return world.objects[model].pk


def _own(part: str, world: World) -> object:
    """Return a customer's own object of `me/<part>/`."""
    user, model = world.customer.user, OWN[part]
    rows = (
        model._default_manager.filter(membership__user=user) if part in {"visits", "orders"} else model._default_manager.filter(user=user)
    )
    return rows.earliest("pk").pk


def walk(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[Address]:
    """Yield every address below; converters are cut off: `<int:pk>` → `<pk>`."""
    for pattern in patterns:
        path = before + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        else:
            arguments = tuple(pattern.pattern.converters)
            for argument, converter in pattern.pattern.converters.items():
                kind = {"IntConverter": "int", "UUIDConverter": "uuid"}.get(type(converter).__name__, "str")
                path = path.replace(f"<{kind}:{argument}>", f"<{argument}>")
            yield Address(path, arguments, pattern.name or "")


EVERY = list(walk(get_resolver().url_patterns))
CONSOLE = [one for one in EVERY if one.path.startswith("/console/")]
API = [one for one in EVERY if one.path.startswith("/api/v1/") and "<path:rest>" not in one.path]
WITH_OBJECT = [one for one in (*CONSOLE, *API) if one.arguments]


def ids(one: Address) -> str:
    return one.path


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[World, World]]:
    with django_db_blocker.unblock(), transaction.atomic():
        pair = worlds.build("ours"), worlds.build("theirs")
        for world in pair:
            access_tokens.issue(membership=world.customer, name="t", scopes=["keys:read"])
            _give_credentials(world.customer)
        yield pair
        transaction.set_rollback(True)


def _give_credentials(member: Membership) -> None:
    """Give somebody one of everything that people sign in with, a visit, and the shop's order."""
    user, mark = member.user, member.tenant.slug
    EmailAddress.objects.create(user=user, email=user.email or "", verified=True, primary=True)
    TOTP.activate(user, generate_totp_secret())
    SocialAccount.objects.create(user=user, provider="github", uid=mark)
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=f"key-{mark}", user_agent=mark)
    Order.objects.filter(tenant=member.tenant, membership=None).update(membership=member)
    SupportVisit.objects.create(membership=member, visitor=user, reason=mark, ends_at=timezone.now(), ended_at=timezone.now())


@pytest.fixture
def pair(built: tuple[World, World], db: None) -> tuple[World, World]:
    cache.clear()
    return built


def browser(member: Membership | None, host: str = OURS) -> Client:
    client = Client(HTTP_HOST=host)
    if member is not None:
        client.force_login(member.user)
    return client


def program(member: Membership, host: str = OURS) -> Client:
    secret = access_tokens.issue(membership=member, name="all", scopes=access_tokens.SCOPES).secret
    return Client(HTTP_HOST=host, HTTP_AUTHORIZATION=f"Bearer {secret}")


def answers(client: Client, path: str) -> tuple[int, int]:
    """Ask with GET and POST."""
    return client.get(path).status_code, client.post(path, {}, content_type="application/json").status_code


def test_the_walk_finds_the_addresses() -> None:
    assert len(CONSOLE) > 20
    assert len(API) > 15
    assert "/console/keys/<pk>/revoke/" in {one.path for one in WITH_OBJECT}
    assert "/api/v1/keys/<pk>/rotate/" in {one.path for one in WITH_OBJECT}


@pytest.mark.parametrize("one", CONSOLE, ids=ids)
def test_visitors_sign_in_first_and_strangers_find_no_page(pair: tuple[World, World], one: Address) -> None:
    ours, theirs = pair
    path = one.at(ours)
    for client, wanted in ((browser(None), {302, 405}), (browser(theirs.owner), {404, 405}), (browser(theirs.customer), {404, 405})):
        assert set(answers(client, path)) <= wanted, path


@pytest.mark.parametrize("one", WITH_OBJECT, ids=ids)
def test_nobody_reaches_a_foreign_object(pair: tuple[World, World], one: Address) -> None:
    ours, theirs = pair
    path, before = one.at(theirs), state_of(theirs)
    if one in CONSOLE:
        callers = [browser(member) for member in (ours.owner, ours.manager, ours.support, ours.customer)]
    else:
        callers = [program(member) for member in (ours.owner, ours.manager, ours.support, ours.customer)]
    for client in callers:
        assert set(answers(client, path)) <= {404, 405}, path
        for method in ("PATCH", "DELETE"):
            assert client.generic(method, path, b"{}", content_type="application/json").status_code in {404, 405}, (method, path)
    assert state_of(theirs) == before


@pytest.mark.parametrize("one", CONSOLE, ids=ids)
def test_staff_do_not_act_in_their_customers_console(pair: tuple[World, World], one: Address) -> None:
    ours, _ = pair
    if not one.arguments or "calls" in one.path:
        pytest.skip("a page of one's own, or the arithmetic of a call, which staff may see")
    before = state_of(ours)
    for member in (ours.owner, ours.support):
        assert set(answers(browser(member), one.at(ours))) <= {404, 405}
    assert state_of(ours) == before


@pytest.mark.parametrize("one", API, ids=ids)
def test_a_program_needs_a_token_of_this_shop(pair: tuple[World, World], one: Address) -> None:
    ours, theirs = pair
    path = one.at(ours)
    assert set(answers(Client(HTTP_HOST=OURS), path)) <= {401, 405}, path
    assert set(answers(program(theirs.owner), path)) <= {401, 405}, path


@pytest.mark.parametrize("one", [one for one in API if not one.arguments], ids=ids)
def test_lists_of_the_api_name_nobody_elses(pair: tuple[World, World], one: Address) -> None:
    ours, _ = pair
    for member in (ours.owner, ours.manager, ours.support, ours.customer):
        answer = program(member).get(one.path)
        assert "theirs" not in answer.content.decode(), one.path
        assert answer.status_code in {200, 404, 405}


def test_an_invitation_of_another_shop_opens_nothing_here(pair: tuple[World, World]) -> None:
    ours, theirs = pair
    _, token = invitations.invite(tenant=theirs.tenant, role="owner", by=None)
    client = browser(ours.customer)
    assert client.get(f"/join/{token}/").status_code == 410
    assert client.post(f"/join/{token}/").status_code == 410
    assert not Membership.objects.filter(tenant=theirs.tenant, user=ours.customer.user).exists()
    assert isinstance(ours.objects[UsageRecord].pk, UUID)


def test_who_sees_as_a_customer_can_send_nothing_anywhere_and_reads_only_what_is_meant(pair: tuple[World, World]) -> None:
    ours, theirs = pair
    visit = visits.begin(user=ours.support.user, member=ours.customer, reason="test")
    client = browser(ours.support)
    session = client.session
    session[middleware.VISIT] = visit.pk
    session.save()
    before = state_of(ours), state_of(theirs)
    for one in EVERY:
        if ("<" in one.path and one not in WITH_OBJECT) or one.name == "accounts_end_visit":
            continue
        assert client.post(one.at(ours), {}, content_type="application/json").status_code in {403, 404}, one.path
    assert (state_of(ours), state_of(theirs)) == before
    readable = {one.name for one in CONSOLE if client.get(one.at(ours)).status_code == 200}
    assert readable == {
        "console_dashboard", "console_keys", "console_key", "console_usage", "console_calls", "console_receipt", "console_wallet",
        "console_orders", "console_profile", "console_referrals", "console_before", "console_models",
    }  # fmt: skip


@pytest.mark.parametrize("one", [one for one in CONSOLE if one.arguments], ids=ids)
def test_who_sees_as_a_customer_reaches_no_foreign_object(pair: tuple[World, World], one: Address) -> None:
    ours, theirs = pair
    visit = visits.begin(user=ours.owner.user, member=ours.customer, reason="test")
    client = browser(ours.owner)
    session = client.session
    session[middleware.VISIT] = visit.pk
    session.save()
    assert set(answers(client, one.at(theirs))) <= {403, 404}
