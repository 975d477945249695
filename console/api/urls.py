"""The management API's addresses, its schema and its documentation page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.routers import SimpleRouter

from console.api import errors
from console.api.acceptances import AcceptancesView, TermsView
from console.api.account import AccountView, WalletView
from console.api.apply import OwnApplicationsView
from console.api.blocks import BlocksView
from console.api.cards import CardBatchesView, CardsView
from console.api.ceilings import CeilingsView
from console.api.channel_acts import VendorsView
from console.api.channel_bulk import ChannelsInBulk, ChecksView
from console.api.channel_figures import FiguresView
from console.api.channels import ChannelKeysView, ChannelsView
from console.api.codes import BatchesView, CodesView
from console.api.costs import CostsView
from console.api.domains import ApplicationsView, DomainsView
from console.api.factors import FactorsView
from console.api.hooks import DeliveriesView, TargetsView, WebhooksView
from console.api.identity import AddressesView, ConnectionsView, PasswordView
from console.api.invoices import InvoicesView
from console.api.key_bulk import KeysInBulk
from console.api.key_logins import KeyLoginsView
from console.api.keys import KeysView
from console.api.ledger import AccountsView as LedgerAccountsView
from console.api.ledger import AuditsView, JournalsView, TransfersView
from console.api.limits import LimitsView
from console.api.mail_texts import MailTextsView
from console.api.models import ModelsView
from console.api.offers import CategoriesView, CouponsView
from console.api.orders import OrdersView
from console.api.own_orders import OwnOrdersView
from console.api.past import PastView
from console.api.payments import AccountsView as PaymentAccountsView
from console.api.payments import GatewaysView, MessagesView
from console.api.pictures import PicturesView
from console.api.prices import GroupsView, PricesView
from console.api.products import ProductsView
from console.api.promotions import PromotionsView
from console.api.purchases import PurchasesView
from console.api.ready_keys import ReadyKeysView
from console.api.reference import reference
from console.api.referrals import OwnReferralsView, ProgramsView, ReferralsView, RewardsView
from console.api.refunds import DisputesView, RefundsView
from console.api.routing import AliasesView, ChainsView, PoliciesView, RoutesView
from console.api.screens import KeywordScreensView
from console.api.services import MailServersView, SignInAppsView, TurnstilesView
from console.api.sessions import SessionsView, VisitsView
from console.api.shop import LegalView, ShopView
from console.api.staff import AuditView, CustomersView, InvitationsView
from console.api.statistics import StatisticsView
from console.api.suspicions import SuspicionsView
from console.api.system import JobsView, OutgoingView, PeopleView, TasksView
from console.api.tenants import TenantsView
from console.api.tokens import TokensView
from console.api.usage import UsageView
from console.api.withdrawals import WithdrawalsView
from gateway.urls import urlpatterns as relay_patterns

router = SimpleRouter(use_regex_path=False)
router.register("keys", KeysView, "api-keys")
router.register("usage", UsageView, "api-usage")
router.register("customers", CustomersView, "api-customers")
router.register("acceptances", AcceptancesView, "api-acceptances")
router.register("invitations", InvitationsView, "api-invitations")
router.register("audit", AuditView, "api-audit")
router.register("tenants", TenantsView, "api-tenants")
router.register("products", ProductsView, "api-products")
router.register("product-pictures", PicturesView, "api-product-pictures")
router.register("categories", CategoriesView, "api-categories")
router.register("coupons", CouponsView, "api-coupons")
router.register("code-batches", BatchesView, "api-code-batches")
router.register("codes", CodesView, "api-codes")
router.register("ready-keys", ReadyKeysView, "api-ready-keys")
router.register("card-batches", CardBatchesView, "api-card-batches")
router.register("cards", CardsView, "api-cards")
router.register("buyer-blocks", BlocksView, "api-buyer-blocks")
router.register("domains", DomainsView, "api-domains")
router.register("applications", ApplicationsView, "api-applications")
router.register("orders", OrdersView, "api-orders")
router.register("refunds", RefundsView, "api-refunds")
router.register("disputes", DisputesView, "api-disputes")
router.register("invoices", InvoicesView, "api-invoices")
router.register("withdrawals", WithdrawalsView, "api-withdrawals")
router.register("suspicions", SuspicionsView, "api-suspicions")
router.register("purchases", PurchasesView, "api-purchases")
router.register("webhooks", WebhooksView, "api-webhooks")
router.register("webhook-deliveries", DeliveriesView, "api-webhook-deliveries")
router.register("notification-targets", TargetsView, "api-notification-targets")
router.register("tokens", TokensView, "api-tokens")
router.register("channels", ChannelsView, "api-channels")
router.register("channel-keys", ChannelKeysView, "api-channel-keys")
router.register("channel-costs", CostsView, "api-channel-costs")
router.register("routing-policies", PoliciesView, "api-routing-policies")
router.register("group-routes", RoutesView, "api-group-routes")
router.register("fallback-chains", ChainsView, "api-fallback-chains")
router.register("model-aliases", AliasesView, "api-model-aliases")
router.register("payment-accounts", PaymentAccountsView, "api-payment-accounts")
router.register("payment-messages", MessagesView, "api-payment-messages")
router.register("ledger-accounts", LedgerAccountsView, "api-ledger-accounts")
router.register("journals", JournalsView, "api-journals")
router.register("transfers", TransfersView, "api-transfers")
router.register("audits", AuditsView, "api-audits")
router.register("prices", PricesView, "api-prices")
router.register("price-ceilings", CeilingsView, "api-price-ceilings")
router.register("groups", GroupsView, "api-groups")
router.register("promotion-rules", PromotionsView, "api-promotion-rules")
router.register("limits", LimitsView, "api-limits")
router.register("legal-pages", LegalView, "api-legal-pages")
router.register("sign-in-apps", SignInAppsView, "api-sign-in-apps")
router.register("mail-servers", MailServersView, "api-mail-servers")
router.register("mail-texts", MailTextsView, "api-mail-texts")
router.register("turnstiles", TurnstilesView, "api-turnstiles")
router.register("keyword-screens", KeywordScreensView, "api-keyword-screens")
router.register("referral-programs", ProgramsView, "api-referral-programs")
router.register("referrals", ReferralsView, "api-referrals")
router.register("referral-rewards", RewardsView, "api-referral-rewards")
router.register("past-entries", PastView, "api-past-entries")
router.register("me/orders", OwnOrdersView, "api-me-orders")
router.register("me/addresses", AddressesView, "api-me-addresses")
router.register("me/factors", FactorsView, "api-me-factors")
router.register("me/connections", ConnectionsView, "api-me-connections")
router.register("me/sessions", SessionsView, "api-me-sessions")
router.register("me/visits", VisitsView, "api-me-visits")
router.register("jobs", JobsView, "api-jobs")
router.register("channel-checks", ChecksView, "api-channel-checks")
router.register("outgoing-messages", OutgoingView, "api-outgoing-messages")
router.register("people", PeopleView, "api-people")

api: list[URLPattern | URLResolver] = [
    path("me/", AccountView.as_view({"get": "retrieve", "patch": "partial_update"}), name="api-me"),
    path("me/data/", AccountView.as_view({"get": "data"}), name="api-me-data"),
    path("me/erase/", AccountView.as_view({"post": "erase"}), name="api-me-erase"),
    path("me/applications/", OwnApplicationsView.as_view({"get": "list", "post": "create"}), name="api-me-applications"),
    path("me/terms/", TermsView.as_view({"get": "retrieve", "post": "accept"}), name="api-me-terms"),
    path("me/password/", PasswordView.as_view({"put": "update"}), name="api-me-password"),
    path("me/referrals/", OwnReferralsView.as_view({"get": "retrieve"}), name="api-me-referrals"),
    path("wallet/", WalletView.as_view({"get": "retrieve"}), name="api-wallet"),
    path("wallet/statement/", WalletView.as_view({"get": "statement"}), name="api-wallet-statement"),
    path("wallet/codes/", WalletView.as_view({"get": "own_codes"}), name="api-wallet-codes"),
    path("wallet/redeem/", WalletView.as_view({"post": "redeem"}), name="api-wallet-redeem"),
    path("wallet/watch/", WalletView.as_view({"get": "watch", "put": "set_watch"}), name="api-wallet-watch"),
    path("keys/<int:pk>/login/", KeyLoginsView.as_view({"put": "give", "delete": "take"}), name="api-key-login"),
    path("statistics/sales/", StatisticsView.as_view({"get": "sales"}), name="api-statistics-sales"),
    path("statistics/calls/", StatisticsView.as_view({"get": "calls"}), name="api-statistics-calls"),
    path("statistics/funnel/", StatisticsView.as_view({"get": "funnel"}), name="api-statistics-funnel"),
    path("statistics/products/", StatisticsView.as_view({"get": "products"}), name="api-statistics-products"),
    path("statistics/customers/", StatisticsView.as_view({"get": "customers"}), name="api-statistics-customers"),
    path("statistics/checklist/", StatisticsView.as_view({"get": "checklist"}), name="api-statistics-checklist"),
    path("models/", ModelsView.as_view({"get": "retrieve"}), name="api-models"),
    path("channels/create-many/", ChannelsInBulk.as_view({"post": "create_many"}), name="api-channels-create-many"),
    path("channels/change-many/", ChannelsInBulk.as_view({"post": "change_many"}), name="api-channels-change-many"),
    path("channels/check-many/", ChannelsInBulk.as_view({"post": "check_many"}), name="api-channels-check-many"),
    path("channels/<int:pk>/figures/", FiguresView.as_view({"get": "figures"}), name="api-channel-figures"),
    path("keys/change-limits/", KeysInBulk.as_view({"post": "change_limits"}), name="api-keys-change-limits"),
    path("task-runs/", TasksView.as_view({"get": "list"}), name="api-task-runs"),
    path("channel-vendors/", VendorsView.as_view({"get": "list"}), name="api-channel-vendors"),
    path("payment-gateways/", GatewaysView.as_view({"get": "list"}), name="api-payment-gateways"),
    path("keys/create-many/", KeysInBulk.as_view({"post": "create"}), name="api-keys-create-many"),
    path("shop/", ShopView.as_view({"get": "retrieve", "patch": "partial_update"}), name="api-shop"),
    *router.urls,
]


class SchemaView(SpectacularJSONAPIView):
    """The OpenAPI schema of the management API, or of the relay; open to read, it says nothing about anybody."""

    authentication_classes: tuple[Any, ...] = ()
    permission_classes: tuple[Any, ...] = ()


@csrf_exempt
def nothing(request: HttpRequest, rest: str) -> JsonResponse:
    """Answer an address that is none as the API answers: in JSON."""
    return JsonResponse(errors.envelope(404, "The API has no such address: see /api/docs/."), status=404)


_mounted: list[URLPattern | URLResolver] = [path("api/v1/", include(api))]
urlpatterns: list[URLPattern | URLResolver] = [
    *_mounted,
    path("api/v1/<path:rest>", nothing),
    path("api/schema/relay/", SchemaView.as_view(patterns=relay_patterns), name="relay_schema"),
    path("api/schema/", SchemaView.as_view(patterns=_mounted), name="api_schema"),
    path("api/docs/", reference, name="api_docs"),
]
