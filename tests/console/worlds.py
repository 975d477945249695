"""Two shops with one object of every model that a back office shows: ours, and one of strangers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Model

from accounts import audit, invitations, keys, legal, onboarding, past, social, tenants, turnstile, webhooks
from accounts.models import (
    Acceptance,
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
    Tenant,
    TenantDomain,
    Turnstile,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from accounts.past import Entry
from billing import blocks, cards, catalogue, codes, gateways, ledger, orders, price_book
from billing.models.blocks import BuyerBlock
from billing.models.codes import Code, CodeBatch
from billing.models.disputes import Dispute
from billing.models.goods import Card, CardBatch, ProductPicture, ReadyKey
from billing.models.inbox import WebhookInbox
from billing.models.invoices import InvoiceRequest
from billing.models.ledger import Journal, LedgerAccount, Transfer
from billing.models.limits import LimitRule
from billing.models.offers import Coupon
from billing.models.prices import GroupRate, PriceCeiling, PriceRule
from billing.models.promotions import PromotionRule
from billing.models.referrals import ReferralProgram, ReferralReward
from billing.models.refunds import Refund
from billing.models.shop import Category, GatewayAccount, Order, PaymentAttempt, Product
from billing.models.suspicions import Suspicion
from billing.models.withdrawals import Withdrawal
from channels_app import channels, costs, rounds
from channels_app.models import Channel, ChannelCost, FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from foundation.ids import uuid7
from foundation.models import Job, OutboxMessage
from gateway.models import UsageRecord

Maker = Callable[["World"], Model]


@dataclass
class World:
    """A shop, its people, and its objects by model; every name in it carries the mark."""

    mark: str
    tenant: Tenant
    owner: Membership
    manager: Membership
    support: Membership
    customer: Membership
    objects: dict[type[Model], Model] = field(default_factory=dict)


def build(mark: str) -> World:
    """Open a shop on <mark>.test and fill it."""
    tenant = tenants.open_tenant(slug=mark, name=f"{mark} shop", domain=f"{mark}.test")
    owner, manager, support, customer = (person(f"{role}-{mark}@people.test", tenant, role) for role in Membership.Role.values)
    world = World(mark=mark, tenant=tenant, owner=owner, manager=manager, support=support, customer=customer)
    for model, make in MAKERS.items():
        world.objects[model] = make(world)
    return world


def person(email: str, tenant: Tenant, role: str) -> Membership:
    """Make somebody with a role at a tenant."""
    return tenants.join(tenant=tenant, user=User.objects.create_user(email=email), role=role)


def _key(world: World) -> ApiKey:
    return keys.issue(membership=world.customer, name=f"key-{world.mark}").key


def _event(world: World) -> AuditEvent:
    return audit.record(actor=world.owner.user, action="apikey.issue", target=f"event-{world.mark}", tenant=world.tenant)


def _limit(world: World) -> LimitRule:
    return LimitRule.objects.create(tenant=world.tenant, scope="customer", group=f"group-{world.mark}", rpm=60)


def _promotion(world: World) -> PromotionRule:
    return PromotionRule.objects.create(tenant=world.tenant, group=f"promotion-{world.mark}", rank=1, used_micros=1_000_000)


def _channel(world: World) -> Channel:
    return channels.add(name=f"channel-{world.mark}", provider="demo", key=f"secret-{world.mark}", tenant=world.tenant)


def _cost(world: World) -> ChannelCost:
    channel = Channel.objects.get(tenant=world.tenant)
    return costs.set_cost(channel=channel, model=f"cost-{world.mark}", input=1_000_000, output=2_000_000)


def _policy(world: World) -> RoutingPolicy:
    return RoutingPolicy.objects.create(tenant=world.tenant, mode="cost")


def _route(world: World) -> GroupRoute:
    return GroupRoute.objects.create(tenant=world.tenant, group=f"route-{world.mark}", channel_groups=["default"])


def _chain(world: World) -> FallbackChain:
    return FallbackChain.objects.create(tenant=world.tenant, model=f"chain-{world.mark}", stand_ins=["other"])


def _alias(world: World) -> ModelAlias:
    return ModelAlias.objects.create(tenant=world.tenant, name=f"alias-{world.mark}", model="other")


def _journal(world: World) -> Journal:
    issuer, wallet = ledger.account(kind="issuer"), ledger.wallet(membership_id=world.customer.pk)
    line = ledger.Line(issuer.pk, wallet.pk, 5_000_000)
    return ledger.post(kind="grant", key=f"grant-{world.mark}", lines=[line], tenant_id=world.tenant.pk, memo=f"gift-{world.mark}")


def _product(world: World) -> Product:
    name = f"product-{world.mark}"
    return catalogue.add_product(tenant=world.tenant, name=name, units_micros=1_000_000, price_minor=7_00, currency="CNY")


def _picture(world: World) -> ProductPicture:
    product = Product.objects.get(tenant=world.tenant, kind="code")
    return ProductPicture.objects.create(product=product, name=f"picture-{world.mark}", alt=f"picture-{world.mark}", width=1, height=1)


def _category(world: World) -> Category:
    return Category.objects.create(tenant=world.tenant, slug=f"shelf-{world.mark}", name=f"shelf-{world.mark}")


def _coupon(world: World) -> Coupon:
    return Coupon.objects.create(tenant=world.tenant, code=f"OFF{world.mark}", kind="percent", value=1000)


def _account(world: World) -> GatewayAccount:
    return gateways.add_account(tenant=world.tenant, driver="sandbox", name=f"account-{world.mark}")


def _batch(world: World) -> CodeBatch:
    issuer, stock = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=world.tenant.pk)
    line = ledger.Line(issuer.pk, stock.pk, 100_000_000)
    ledger.post(kind="purchase", key=f"stock-{world.mark}", lines=[line], tenant_id=world.tenant.pk)
    product = Product.objects.get(tenant=world.tenant, kind="code")
    return codes.mint(tenant=world.tenant, units_micros=1_000_000, count=3, product=product, note=f"batch-{world.mark}").batch


def _cards(world: World) -> CardBatch:
    product = catalogue.add_product(
        tenant=world.tenant, name=f"cards-{world.mark}", units_micros=0, price_minor=7_00, currency="CNY", kind="card"
    )
    return cards.take_in(product=product, lines=[f"card-{world.mark}"], actor=None, note=f"cards-{world.mark}").batch


def _ready_key(world: World) -> ReadyKey:
    code = Code.objects.filter(batch__tenant=world.tenant, state="available").latest("pk")
    nobody = person(f"nobody-{world.mark}@people.test", world.tenant, "customer")
    key = keys.issue(membership=nobody, name=f"ready-{world.mark}").key
    return ReadyKey.objects.create(code=code, key=key, membership=nobody)


def _order(world: World) -> Order:
    buyer = orders.Buyer(email=f"buyer-{world.mark}@people.test")
    return orders.place(product=Product.objects.get(tenant=world.tenant, kind="code"), buyer=buyer).order


def _refund(world: World) -> Refund:
    account = GatewayAccount.objects.get(tenant=world.tenant)
    order = Order.objects.filter(tenant=world.tenant).earliest("pk")
    paid = PaymentAttempt.objects.create(order=order, account=account, token=f"paid-{world.mark}", amount_minor=700, currency="CNY")
    return Refund.objects.create(attempt=paid, key=f"refund-{world.mark}", amount_minor=700, currency="CNY", state="submitted")


def _message(world: World) -> WebhookInbox:
    account = GatewayAccount.objects.get(tenant=world.tenant)
    return WebhookInbox.objects.create(account=account, event_id=f"event-{world.mark}", kind="paid", reason=f"reason-{world.mark}")


def _dispute(world: World) -> Dispute:
    paid = PaymentAttempt.objects.get(token=f"paid-{world.mark}")
    return Dispute.objects.create(attempt=paid, reference=f"dispute-{world.mark}", amount_minor=700, currency="CNY")


def _withdrawal(world: World) -> Withdrawal:
    return Withdrawal.objects.create(
        tenant=world.tenant, key=f"withdrawal-{world.mark}", amount_minor=700, currency="CNY", destination=f"bank-{world.mark}"
    )


def _price(world: World) -> PriceRule:
    return price_book.set_price(model=f"model-{world.mark}", tenant=world.tenant, input=1_000_000, output=2_000_000)


def _ceiling(world: World) -> PriceCeiling:
    price_book.set_ceiling(tenant=world.tenant, factor=90_000_000)
    return PriceCeiling.objects.get(book__tenant=world.tenant)


def _usage(world: World) -> UsageRecord:
    return UsageRecord.objects.create(
        id=uuid7(),
        tenant=world.tenant,
        membership=world.customer,
        api_key=ApiKey.objects.get(tenant=world.tenant, membership=world.customer),
        model=f"model-{world.mark}",
        channel_id=Channel.objects.get(tenant=world.tenant).pk,
        usage={"input": 10, "output": 20},
        input_tokens=10,
        output_tokens=20,
        price_micros=1_500,
        cost_micros=700,
    )


def _past(world: World) -> PastEntry:
    line = Entry(uuid7(), world.tenant.pk, world.customer.pk, "call", f"past-{world.mark}", "old", 9, 1, 2, 3, "")
    past.add([line])
    return PastEntry.objects.get(pk=line.id)


def _invitation(world: World) -> Invitation:
    return invitations.invite(tenant=world.tenant, role="customer", by=world.owner.user, email=f"guest-{world.mark}@people.test")[0]


def _legal(world: World) -> LegalPage:
    return LegalPage.objects.create(tenant=world.tenant, kind="terms", text=f"terms-{world.mark}")


def _webhook(world: World) -> WebhookEndpoint:
    return webhooks.add(tenant=world.tenant, url=f"https://{world.mark}.example/hook", events=["order.paid"])[0]


def _delivery(world: World) -> WebhookDelivery:
    endpoint = WebhookEndpoint.objects.get(tenant=world.tenant)
    return WebhookDelivery.objects.create(endpoint=endpoint, kind="order.paid", data={"mark": world.mark})


def _target(world: World) -> NotificationTarget:
    return NotificationTarget.objects.create(
        tenant=world.tenant, preset="email", address=f"ops-{world.mark}@people.test", events=["order.paid"]
    )


def _program(world: World) -> ReferralProgram:
    return ReferralProgram.objects.create(tenant=world.tenant, referrer_fixed=500)


def _referral(world: World) -> Referral:
    brought = person(f"brought-{world.mark}@people.test", world.tenant, "customer")
    return Referral.objects.create(referrer=world.customer, referred=brought)


def _reward(world: World) -> ReferralReward:
    referral = Referral.objects.get(referrer=world.customer)
    order = Order.objects.filter(tenant=world.tenant).earliest("pk")
    return ReferralReward.objects.create(
        referral=referral, member=world.customer, order=order, paid_in="credit", currency="CNY", amount=500
    )


def _turnstile(world: World) -> Turnstile:
    return Turnstile.objects.create(tenant=world.tenant, site_key=f"0x{world.mark}", sealed=turnstile.seal("secret"))


def _screen(world: World) -> KeywordScreen:
    return KeywordScreen.objects.create(tenant=world.tenant, words=f"word-{world.mark}")


def _mail_server(world: World) -> MailServer:
    return MailServer.objects.create(tenant=world.tenant, host=f"smtp-{world.mark}.test", sender=f"shop-{world.mark}@people.test")


def _mail_text(world: World) -> MailText:
    return MailText.objects.create(tenant=world.tenant, template="order_placed", language="en", subject=f"subject-{world.mark}")


def _application(world: World) -> ShopApplication:
    return onboarding.apply(seller=world.tenant, applicant=world.customer.user, slug=f"sub-{world.mark}", name=f"application-{world.mark}")


def _sign_in_app(world: World) -> SignInApp:
    kept = {"tenant": world.tenant.pk, "sealed": social.seal(f"secret-{world.mark}")}
    row: SignInApp = SignInApp.objects.create(provider="github", name=f"app-{world.mark}", client_id=f"client-{world.mark}", settings=kept)
    return row


def _acceptance(world: World) -> Acceptance:
    legal.accept(membership=world.customer, language="en")
    return Acceptance.objects.get(membership=world.customer)


MAKERS: dict[type[Model], Maker] = {
    Tenant: lambda world: world.tenant,
    TenantDomain: lambda world: world.tenant.domains.get(),
    Membership: lambda world: world.customer,
    ApiKey: _key,
    Invitation: _invitation,
    LegalPage: _legal,
    Acceptance: _acceptance,
    ShopApplication: _application,
    SignInApp: _sign_in_app,
    WebhookEndpoint: _webhook,
    WebhookDelivery: _delivery,
    NotificationTarget: _target,
    MailServer: _mail_server,
    MailText: _mail_text,
    # Somebody who never signs in: that would be written down.
    User: lambda world: person(f"person-{world.mark}@people.test", world.tenant, "customer").user,
    Job: lambda world: Job.objects.create(kind=rounds.KIND, scope_id=world.tenant.pk, error=f"job-{world.mark}"),
    OutboxMessage: lambda world: OutboxMessage.objects.create(topic=f"topic-{world.mark}"),
    Turnstile: _turnstile,
    KeywordScreen: _screen,
    ReferralProgram: _program,
    Referral: _referral,
    AuditEvent: _event,
    LimitRule: _limit,
    PromotionRule: _promotion,
    Channel: _channel,
    ChannelCost: _cost,
    RoutingPolicy: _policy,
    GroupRoute: _route,
    FallbackChain: _chain,
    ModelAlias: _alias,
    Journal: _journal,
    Transfer: lambda world: Transfer.objects.get(journal__key=f"grant-{world.mark}"),
    LedgerAccount: lambda world: LedgerAccount.objects.get(kind="wallet", tenant=world.tenant),
    UsageRecord: _usage,
    PastEntry: _past,
    Category: _category,
    Product: _product,
    ProductPicture: _picture,
    Coupon: _coupon,
    GatewayAccount: _account,
    CodeBatch: _batch,
    Code: lambda world: Code.objects.filter(batch__tenant=world.tenant, state="available").earliest("pk"),
    CardBatch: _cards,
    Card: lambda world: Card.objects.get(batch__tenant=world.tenant),
    ReadyKey: _ready_key,
    Order: _order,
    Refund: _refund,
    InvoiceRequest: lambda world: InvoiceRequest.objects.create(
        order=Order.objects.filter(tenant=world.tenant).earliest("pk"), title=f"invoice-{world.mark}"
    ),
    Dispute: _dispute,
    Withdrawal: _withdrawal,
    Suspicion: lambda world: Suspicion.objects.create(order=Order.objects.filter(tenant=world.tenant).earliest("pk"), signs=["email"]),
    ReferralReward: _reward,
    WebhookInbox: _message,
    PriceRule: _price,
    PriceCeiling: _ceiling,
    BuyerBlock: lambda world: blocks.add(tenant=world.tenant, text=f"block-{world.mark}@people.test"),
    GroupRate: lambda world: price_book.set_group(tenant=world.tenant, group=f"group-{world.mark}", factor=900_000),
}
