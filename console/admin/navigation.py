"""The sidebars of the two back offices: what stands where, and who sees it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

Group = dict[str, Any]


def platform(request: HttpRequest) -> list[Group]:
    """Return the sidebar of `/admin/`."""
    return [_dashboard("admin"), *_groups("admin", request)]


def reseller(request: HttpRequest) -> list[Group]:
    """Return the sidebar of `/reseller/`."""
    return [_dashboard("reseller"), *_groups("reseller", request)]


def account(request: HttpRequest) -> list[dict[str, str]]:
    """Return the links of the person's menu: sign-in matters belong to the account pages."""
    return [
        {"title": _("Console"), "link": reverse("console_dashboard")},
        {"title": _("Change password"), "link": reverse("account_change_password")},
    ]


def _groups(site: str, request: HttpRequest) -> list[Group]:
    groups = [
        (_("Customers"), [
            (_("Customers and staff"), "group", "accounts_membership"),
            (_("Invitations"), "forward_to_inbox", "accounts_invitation"),
            (_("People"), "person", "accounts_user"),
            (_("Sub-keys"), "key", "accounts_apikey"),
            (_("Limits"), "speed", "billing_limitrule"),
            (_("Tenants"), "storefront", "accounts_tenant"),
            (_("Domains"), "language", "accounts_tenantdomain"),
            (_("Sign-in services"), "login", "accounts_signinapp"),
            (_("Applications"), "add_business", "accounts_shopapplication"),
        ]),
        _selling(),
        (_("Relay"), [
            (_("Usage"), "monitoring", "gateway_usagerecord"),
            (_("Before the move"), "history", "accounts_pastentry"),
            (_("Channels"), "lan", "channels_app_channel"),
            (_("Upstream cost"), "request_quote", "channels_app_channelcost"),
            (_("Routing policies"), "alt_route", "channels_app_routingpolicy"),
            (_("Routes of groups"), "call_split", "channels_app_grouproute"),
            (_("Fallback chains"), "low_priority", "channels_app_fallbackchain"),
            (_("Other names of models"), "label", "channels_app_modelalias"),
        ]),
        *_own_affairs(),
    ]  # fmt: skip
    built = ({"title": title, "items": [item for row in rows if (item := _item(site, *row))]} for title, rows in groups)
    return [group for group in built if group["items"]]


def _selling() -> tuple[str, list[tuple[str, str, str]]]:
    """Return what a shop sells, and what comes of it."""
    return (_("Selling"), [
        (_("Products"), "sell", "billing_product"),
        (_("Code batches"), "confirmation_number", "billing_codebatch"),
        (_("Codes"), "qr_code_2", "billing_code"),
        (_("Card batches"), "library_add", "billing_cardbatch"),
        (_("Cards"), "badge", "billing_card"),
        (_("Ready keys"), "vpn_key", "billing_readykey"),
        (_("Orders"), "receipt_long", "billing_order"),
        (_("Refunds"), "undo", "billing_refund"),
        (_("Invoices"), "request_quote", "billing_invoicerequest"),
        (_("Withdrawals"), "account_balance_wallet", "billing_withdrawal"),
        (_("Own purchases"), "troubleshoot", "billing_suspicion"),
        (_("Disputes"), "gavel", "billing_dispute"),
        (_("Gateway messages"), "inbox", "billing_webhookinbox"),
        (_("Coupons"), "percent", "billing_coupon"),
        (_("Blocked buyers"), "person_off", "billing_buyerblock"),
        (_("Categories"), "category", "billing_category"),
        (_("Prices"), "payments", "billing_pricerule"),
        (_("Group prices"), "groups", "billing_grouprate"),
        (_("Maximal mark-ups"), "vertical_align_top", "billing_priceceiling"),
        (_("Promotions"), "trending_up", "billing_promotionrule"),
        (_("Referral program"), "group_add", "billing_referralprogram"),
        (_("Referrals"), "diversity_3", "accounts_referral"),
        (_("Referral rewards"), "redeem", "billing_referralreward"),
        (_("Payment accounts"), "credit_card", "billing_gatewayaccount"),
    ])  # fmt: skip


def _own_affairs() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Return what concerns the books and the running of the place itself."""
    return [
        (_("Books"), [
            (_("Accounts"), "account_balance", "billing_ledgeraccount"),
            (_("Transfers"), "swap_horiz", "billing_transfer"),
            (_("Journal"), "menu_book", "billing_journal"),
            (_("Reconciliation"), "rule", "billing_auditrun"),
        ]),
        (_("Running"), [
            (_("Task runs"), "schedule", "foundation_scheduledtask"),
            (_("Audit trail"), "policy", "accounts_auditevent"),
            (_("Webhooks"), "webhook", "accounts_webhookendpoint"),
            (_("Deliveries"), "outbox", "accounts_webhookdelivery"),
            (_("Notification targets"), "notifications", "accounts_notificationtarget"),
            (_("Mail servers"), "mail", "accounts_mailserver"),
            (_("Mail texts"), "drafts", "accounts_mailtext"),
            (_("Turnstile checks"), "verified_user", "accounts_turnstile"),
            (_("Keyword screens"), "block", "accounts_keywordscreen"),
            (_("Legal pages"), "gavel", "accounts_legalpage"),
            (_("Acceptances"), "task_alt", "accounts_acceptance"),
        ]),
    ]  # fmt: skip


def _item(site: str, title: str, icon: str, name: str) -> dict[str, str] | None:
    """Return one line of the sidebar; None where this site does not keep the subject."""
    try:
        return {"title": title, "icon": icon, "link": reverse(f"{site}:{name}_changelist")}
    except NoReverseMatch:
        return None


def _dashboard(site: str) -> Group:
    return {
        "items": [
            {"title": _("Dashboard"), "icon": "space_dashboard", "link": reverse(f"{site}:index")},
            {"title": _("Statistics"), "icon": "bar_chart", "link": reverse(f"{site}:statistics")},
        ]
    }
