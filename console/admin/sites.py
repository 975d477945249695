"""The two back offices: `/admin/` for the platform, `/reseller/` for the staff of a shop."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin_scope import TenantAdminSite, TenantModelAdmin, actor_of
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
from billing import self_dealing
from billing.models.audit import AuditRun
from billing.models.blocks import BuyerBlock
from billing.models.codes import Code, CodeBatch
from billing.models.disputes import Dispute
from billing.models.goods import Card, CardBatch, ReadyKey
from billing.models.inbox import WebhookInbox
from billing.models.invoices import InvoiceRequest
from billing.models.ledger import Journal, LedgerAccount, Transfer
from billing.models.limits import LimitRule
from billing.models.offers import Coupon
from billing.models.prices import GroupRate, PriceCeiling, PriceRule
from billing.models.promotions import PromotionRule
from billing.models.referrals import ReferralProgram, ReferralReward
from billing.models.refunds import Refund
from billing.models.shop import Category, GatewayAccount, Order, Product
from billing.models.suspicions import Suspicion
from billing.models.withdrawals import Withdrawal
from billing.views import browser
from channels_app.models import Channel, ChannelCost, FallbackChain, GroupRoute, ModelAlias, RoutingPolicy
from console.admin import dashboard, statistics
from console.admin.applications import ShopApplicationAdmin
from console.admin.audit import AuditEventAdmin
from console.admin.blocks import BuyerBlockAdmin
from console.admin.cards import CardAdmin, CardBatchAdmin, ReadyKeyAdmin
from console.admin.ceilings import PriceCeilingAdmin
from console.admin.channels import ChannelAdmin
from console.admin.codes import CodeAdmin, CodeBatchAdmin
from console.admin.costs import ChannelCostAdmin
from console.admin.disputes import DisputeAdmin
from console.admin.domains import TenantDomainAdmin
from console.admin.gateways import GatewayAccountAdmin
from console.admin.groups import GroupRateAdmin
from console.admin.hooks import NotificationTargetAdmin, WebhookDeliveryAdmin, WebhookEndpointAdmin
from console.admin.inbox import WebhookInboxAdmin
from console.admin.invitations import InvitationAdmin
from console.admin.invoices import InvoiceRequestAdmin
from console.admin.keys import ApiKeyAdmin
from console.admin.ledger import JournalAdmin, LedgerAccountAdmin, TransferAdmin
from console.admin.legal import AcceptanceAdmin, LegalPageAdmin
from console.admin.limits import LimitRuleAdmin
from console.admin.mail import MailServerAdmin
from console.admin.mail_texts import MailTextAdmin
from console.admin.offers import CategoryAdmin, CouponAdmin
from console.admin.orders import OrderAdmin
from console.admin.past import PastEntryAdmin
from console.admin.people import MembershipAdmin, UserAdmin
from console.admin.prices import PriceRuleAdmin
from console.admin.products import ProductAdmin
from console.admin.promotions import PromotionRuleAdmin
from console.admin.reconciliation import AuditRunAdmin
from console.admin.referrals import ReferralAdmin, ReferralProgramAdmin, ReferralRewardAdmin
from console.admin.refunds import RefundAdmin
from console.admin.routes import FallbackChainAdmin, GroupRouteAdmin, ModelAliasAdmin, RoutingPolicyAdmin
from console.admin.screens import KeywordScreenAdmin
from console.admin.sign_in_apps import SignInAppAdmin
from console.admin.suspicions import SuspicionAdmin
from console.admin.tasks import JobAdmin, OutboxMessageAdmin, ScheduledTaskAdmin
from console.admin.tenants import ShopAdmin, TenantAdmin
from console.admin.turnstile import TurnstileAdmin
from console.admin.usage import PlatformUsageAdmin, UsageRecordAdmin
from console.admin.withdrawals import PlatformWithdrawalAdmin, WithdrawalAdmin
from foundation.models import Job, OutboxMessage, ScheduledTask
from gateway.models import UsageRecord


class DeskSite(TenantAdminSite):
    """A back office whose first page shows figures instead of a list of tables."""

    index_title = gettext_lazy("Dashboard")
    index_template = "console/admin/index.html"
    enable_nav_sidebar = True

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        page: TemplateResponse = super().index(request, {**dashboard.context(request, self.name), **(extra_context or {})})
        return page

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the pages that stand for no model."""
        own: list[URLPattern | URLResolver] = [
            path("statistics/", self.admin_view(self.statistics), name="statistics"),
            path("statistics/<slug:table>.csv", self.admin_view(statistics.sheet), name="statistics_sheet"),
        ]
        return [*own, *super().get_urls()]

    def statistics(self, request: HttpRequest) -> HttpResponse:
        """Show what was sold and what calls brought."""
        return statistics.page(request, self)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Find pages by name. Unfold would keep results by person alone: one person may work in two shops."""
        wanted = request.GET.get("s", "").strip().lower()
        if not wanted:
            return HttpResponse()
        found = self._search_apps(self.get_app_list(request), wanted)
        context = {"results": found, "page_obj": None, "title": _("Search")}
        return TemplateResponse(request, "unfold/helpers/search_results.html", context)


class PlatformSite(DeskSite):
    """The platform's own back office."""

    is_platform: ClassVar[bool] = True
    settings_name = "UNFOLD_PLATFORM"


class ResellerSite(DeskSite):
    """The back office of a shop."""

    settings_name = "UNFOLD_RESELLER"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Notice orders that were placed in this browser, in which somebody of the shop's staff is signed in."""
        self_dealing.seen_with_staff(tenant_id=actor_of(request).tenant.pk, orders=browser.known(request))
        return super().index(request, extra_context)


Pages = list[tuple[type[Model], type[TenantModelAdmin[Any]]]]

SHARED: Pages = [
    (Membership, MembershipAdmin),
    (Invitation, InvitationAdmin),
    (TenantDomain, TenantDomainAdmin),
    (ShopApplication, ShopApplicationAdmin),
    (SignInApp, SignInAppAdmin),
    (LegalPage, LegalPageAdmin),
    (Acceptance, AcceptanceAdmin),
    (MailServer, MailServerAdmin),
    (MailText, MailTextAdmin),
    (Turnstile, TurnstileAdmin),
    (KeywordScreen, KeywordScreenAdmin),
    (WebhookEndpoint, WebhookEndpointAdmin),
    (WebhookDelivery, WebhookDeliveryAdmin),
    (NotificationTarget, NotificationTargetAdmin),
    (ApiKey, ApiKeyAdmin),
    (LimitRule, LimitRuleAdmin),
    (AuditEvent, AuditEventAdmin),
    (PastEntry, PastEntryAdmin),
    (Channel, ChannelAdmin),
    (ChannelCost, ChannelCostAdmin),
    (RoutingPolicy, RoutingPolicyAdmin),
    (GroupRoute, GroupRouteAdmin),
    (FallbackChain, FallbackChainAdmin),
    (ModelAlias, ModelAliasAdmin),
    (LedgerAccount, LedgerAccountAdmin),
    (Journal, JournalAdmin),
    (Transfer, TransferAdmin),
    (PriceRule, PriceRuleAdmin),
    (GroupRate, GroupRateAdmin),
    (PromotionRule, PromotionRuleAdmin),
    (ReferralProgram, ReferralProgramAdmin),
    (Referral, ReferralAdmin),
    (ReferralReward, ReferralRewardAdmin),
    (Category, CategoryAdmin),
    (Product, ProductAdmin),
    (Coupon, CouponAdmin),
    (BuyerBlock, BuyerBlockAdmin),
    (GatewayAccount, GatewayAccountAdmin),
    (CodeBatch, CodeBatchAdmin),
    (Code, CodeAdmin),
    (CardBatch, CardBatchAdmin),
    (Card, CardAdmin),
    (ReadyKey, ReadyKeyAdmin),
    (Order, OrderAdmin),
    (Refund, RefundAdmin),
    (InvoiceRequest, InvoiceRequestAdmin),
    (Dispute, DisputeAdmin),
    (WebhookInbox, WebhookInboxAdmin),
]
PLATFORM: Pages = [
    *SHARED,
    (Withdrawal, PlatformWithdrawalAdmin),
    (Suspicion, SuspicionAdmin),
    (PriceCeiling, PriceCeilingAdmin),
    (UsageRecord, PlatformUsageAdmin),
    (User, UserAdmin),
    (Tenant, TenantAdmin),
    (AuditRun, AuditRunAdmin),
    (ScheduledTask, ScheduledTaskAdmin),
    (Job, JobAdmin),
    (OutboxMessage, OutboxMessageAdmin),
]
RESELLER: Pages = [*SHARED, (Withdrawal, WithdrawalAdmin), (Tenant, ShopAdmin), (UsageRecord, UsageRecordAdmin)]


def _open(site: DeskSite, pages: Pages) -> DeskSite:
    for model, model_admin in pages:
        site.register(model, model_admin)
    return site


platform_site = _open(PlatformSite("admin"), PLATFORM)
reseller_site = _open(ResellerSite("reseller"), RESELLER)
