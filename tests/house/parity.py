"""By which operation of the management API a program does what pages and back offices do, or in words why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class Why(str):
    """Why no operation does this."""

    __slots__ = ()


Ways = str | Why
# Operations (several with blanks between them), or why there is none; fields: their name in the operation's body, dotted.
Fields = Mapping[str, Ways]


@dataclass(frozen=True)
class Row:
    """A table of the back offices: what lists, adds, changes and deletes its rows, its acts; fields and filters called otherwise."""

    look: str
    add: str = ""
    change: str = ""
    delete: str = ""
    acts: Mapping[str, Ways] = field(default_factory=dict)
    fields: Fields = field(default_factory=dict)
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Form:
    """A form of a page: the operations that take the same, and fields that are called otherwise there."""

    does: Ways
    fields: Fields = field(default_factory=dict)


BROWSER = Why("signs a browser in or out: a program has its token")
GUESTS = Why("is for visitors without an account, who have no token")
LOOKS = Why("only says how the site looks")
FOLLOWS = Why("is opened from a mail or by another site, with a secret of its own")
GATEWAYS = Why("is called by a payment gateway")
STAYS = Why("a row stays with its shop, its key and its vendor for ever")
OTHERS = Why("is another person's consent, which no program gives for them")
ONCE = Why("only keeps a browser from sending twice: a program has the Idempotency-Key")
PASTED = Why("is another way to type the same")
EXPORTED = Why("the answer is JSON: a file of it is made where it is needed")

PAGES: dict[str, Ways] = {
    # The console.
    "console_dashboard": "wallet usage_summary keys_list",
    "console_keys": "keys_list usage_summary",
    "console_key_new": "keys_create",
    "console_key": "keys_read",
    "console_key_edit": "keys_change",
    "console_key_rotate": "keys_rotate",
    "console_key_pause": "keys_pause keys_resume",
    "console_key_revoke": "keys_revoke",
    "console_key_login": "keys_give_login",
    "console_key_login_end": "keys_end_login",
    "console_wallet": "wallet wallet_statement wallet_codes",
    "console_wallet_watch": "wallet_watch wallet_watch_change",
    "console_statement_csv": "wallet_statement",
    "console_topup": "purchases_list purchases_create",
    "console_orders": "me_orders_list",
    "console_profile": "me me_change me_visits_list",
    "console_export": "me_data",
    "console_forget": "me_erase",
    "console_referrals": "me_referrals",
    "console_tokens": "tokens_list tokens_create",
    "console_token_revoke": "tokens_revoke",
    "console_apply": "my_applications_list my_applications_send",
    "console_usage": "usage_summary",
    "console_calls": "usage_list",
    "console_receipt": "usage_read",
    "console_before": "past_entries_list",
    "console_models": "models",
    "console_playground": Why("sends a call with a sub-key: programs use the relay, /v1/"),
    "key_status": Why("reads a sub-key with only the key itself: programs ask the relay, /v1/dashboard/billing/"),
    # Signing in, and what one signs in with.
    "account_login": BROWSER,
    "account_logout": BROWSER,
    "account_inactive": BROWSER,
    "account_signup": BROWSER,
    "account_reauthenticate": BROWSER,
    "account_confirm_login_code": BROWSER,
    "mfa_authenticate": BROWSER,
    "mfa_reauthenticate": BROWSER,
    "mfa_reauthenticate_webauthn": BROWSER,
    "mfa_login_webauthn": BROWSER,
    "socialaccount_login_cancelled": BROWSER,
    "socialaccount_login_error": BROWSER,
    "socialaccount_signup": BROWSER,
    "account_email": "me_addresses_list me_addresses_add me_addresses_confirm me_addresses_make_primary me_addresses_remove",
    "account_email_verification_sent": "me_addresses_confirm",
    "account_confirm_email": FOLLOWS,
    "account_change_password": "me_password_change",
    "account_set_password": "me_password_change",
    "account_reset_password": BROWSER,
    "account_reset_password_done": BROWSER,
    "account_reset_password_from_key": FOLLOWS,
    "account_reset_password_from_key_done": FOLLOWS,
    "mfa_index": "me_factors_list",
    "mfa_activate_totp": "me_factors_begin_totp me_factors_finish_totp",
    "mfa_deactivate_totp": "me_factors_remove",
    "mfa_view_recovery_codes": Why("shows secrets again: the API tells them in the answer that makes them"),
    "mfa_download_recovery_codes": Why("shows secrets again: the API tells them in the answer that makes them"),
    "mfa_generate_recovery_codes": "me_factors_new_recovery_codes",
    "mfa_list_webauthn": "me_factors_list",
    "mfa_add_webauthn": Why("adds a passkey: needs a browser"),
    "mfa_remove_webauthn": "me_factors_remove",
    "mfa_edit_webauthn": "me_factors_rename",
    "socialaccount_connections": "me_connections_list me_connections_remove",
    "usersessions_list": "me_sessions_list me_sessions_end",
    "accounts_end_session": "me_sessions_end",
    "accounts_join": FOLLOWS,
    "accounts_end_visit": Why("ends a look into a customer's console, which only a browser begins"),
    "accounts_accept_terms": "me_terms me_terms_accept",
    "accounts_legal": "me_terms",
    "accounts_human": GUESTS,
    "accounts_setup": FOLLOWS,
    # The shop.
    "shop": "purchases_list",
    "product": "purchases_read purchases_create",
    "product_price": "purchases_create",
    "restock_ask": "purchases_notify",
    "restock": FOLLOWS,
    "picture": LOOKS,
    "site_map": LOOKS,
    "robots": LOOKS,
    "lookup": GUESTS,
    "lookup_code": GUESTS,
    "redeem": "wallet_redeem",
    "order": "me_orders_read me_orders_pieces",
    "order_state": "me_orders_read",
    "order_text": "me_orders_pieces",
    "order_mail": "me_orders_mail",
    "order_pay": "me_orders_pay",
    "order_ask": "me_orders_ask",
    "order_cancel": "me_orders_cancel",
    "order_redeem": "me_orders_redeem",
    "order_claim": "me_orders_claim",
    "order_rotate": "me_orders_rotate",
    "order_refund": "me_orders_ask_back",
    "receipt": "me_orders_receipt",
    "receipt_pdf": "me_orders_receipt",
    "invoice": "me_orders_invoice me_orders_ask_invoice",
    "invoice_pdf": "me_orders_invoice",
    "pay_webhook": GATEWAYS,
    "pay_notify": GATEWAYS,
    "pay_sandbox": Why("plays a bank for trying out"),
    "landing": LOOKS,
    "brand_css": LOOKS,
    "set_theme": LOOKS,
    "put_announcement_away": LOOKS,
    "set_language": LOOKS,
    "styleguide": LOOKS,
    "referral": FOLLOWS,
    "metrics": Why("is read by a monitor, with a token of its own"),
}
# Pages of the back offices that belong to no table.
DESK_PAGES: dict[str, Ways] = {
    "index": (
        "usage_summary statistics_customers statistics_checklist ledger_accounts_list keys_list channels_list audit_list "
        "statistics_sales orders_list products_list payment_accounts_list payment_messages_list audits_list "
        "refunds_list disputes_list invoices_list applications_list withdrawals_list customers_list"
    ),
    "statistics": "statistics_sales statistics_calls statistics_funnel statistics_products",
    "statistics_sheet": "statistics_sales statistics_calls",
    "login": BROWSER,
    "logout": BROWSER,
    "password_change": "me_password_change",
    "password_change_done": "me_password_change",
    "autocomplete": LOOKS,
    "jsi18n": LOOKS,
    "search": Why("finds pages by their names"),
}

TABLES: dict[str, Row] = {
    "accounts.membership": Row(
        "customers_list",
        change="customers_change",
        acts={
            "approve": "customers_change",
            "block": "customers_change",
            "unblock": "customers_change",
            "change_group": "customers_change",
            "see_as": Why("opens the console in a browser, read-only; what it shows is in customers, keys, usage and orders"),
            "give_credit": "customers_give_credit",
            "export": "customers_list",
        },
    ),
    "accounts.invitation": Row("invitations_list", add="invitations_create", acts={"withdraw": "invitations_withdraw"}),
    "accounts.tenantdomain": Row("domains_list", add="domains_claim", delete="domains_delete", acts={"prove": "domains_prove"}),
    "accounts.shopapplication": Row("applications_list", acts={"approve": "applications_approve", "decline": "applications_decline"}),
    "accounts.signinapp": Row(
        "sign_in_apps_list", "sign_in_apps_create", "sign_in_apps_change", "sign_in_apps_delete", fields={"change provider": STAYS}
    ),
    "accounts.legalpage": Row("legal_pages_list", "legal_pages_create", "legal_pages_change", "legal_pages_delete"),
    "accounts.acceptance": Row("acceptances_list"),
    "accounts.mailserver": Row(
        "mail_servers_list", "mail_servers_create", "mail_servers_change", "mail_servers_delete", {"try_out": "mail_servers_test"}
    ),
    "accounts.mailtext": Row(
        "mail_texts_list",
        "mail_texts_create",
        "mail_texts_change",
        "mail_texts_delete",
        {"send_test": "mail_texts_test", "give_up": "mail_texts_delete", "look": "mail_texts_preview"},
        {"change template": STAYS, "change language": STAYS},
    ),
    "accounts.turnstile": Row(
        "turnstiles_list", "turnstiles_create", "turnstiles_change", "turnstiles_delete", {"try_out": "turnstiles_test"}
    ),
    "accounts.keywordscreen": Row("keyword_screens_list", "keyword_screens_create", "keyword_screens_change", "keyword_screens_delete"),
    "accounts.webhookendpoint": Row(
        "webhooks_list",
        "webhooks_create",
        "webhooks_change",
        "webhooks_delete",
        {"try_out": "webhooks_test", "new_secret": "webhooks_new_secret"},
    ),
    "accounts.webhookdelivery": Row(
        "webhook_deliveries_list", acts={"send_again": "webhook_deliveries_replay"}, filters={"endpoint": "webhook"}
    ),
    "accounts.notificationtarget": Row(
        "notification_targets_list",
        "notification_targets_create",
        "notification_targets_change",
        "notification_targets_delete",
        {"try_out": "notification_targets_test"},
    ),
    "accounts.apikey": Row(
        "keys_list",
        "keys_create",
        "keys_change",
        acts={
            "change_limits": "keys_change_limits",
            "pause": "keys_pause",
            "unpause": "keys_resume",
            "revoke": "keys_revoke",
            "rotate": "keys_rotate",
            "issue_many": "keys_create_many",
            "export": "keys_list",
        },
        fields={
            "membership": "customer",
            "models_allowed": "models",
            "model_aliases": "aliases",
            "networks_allowed": "networks",
            **{name: f"allowances.{name}" for name in ("total_micros", "five_hours_micros", "day_micros", "week_micros", "month_micros")},
        },
        filters={"holder": "customer"},
    ),
    "billing.limitrule": Row(
        "limits_list",
        "limits_create",
        "limits_change",
        "limits_delete",
        fields={
            "shop": "only_shop",
            "five_hours_limit": "five_hours_micros",
            "day_limit": "day_micros",
            "week_limit": "week_micros",
            "month_limit": "month_micros",
        },
    ),
    "accounts.auditevent": Row("audit_list"),
    "accounts.pastentry": Row("past_entries_list"),
    "channels_app.channel": Row(
        "channels_list",
        "channels_create",
        "channels_change",
        acts={
            "enable": "channels_enable",
            "disable": "channels_disable",
            "check_selected": "channels_check_many",
            "change_selected": "channels_change_many",
            "look": "channels_figures",
            "test_now": "channels_test",
            "keys": "channels_keys channels_add_key channel_keys_change channel_keys_delete",
            "upstream_models": "channels_upstream_models",
            "ask_balance": "channels_balance",
            "drill": "channels_drill",
            "copy": "channels_copy",
            "add_many": "channels_create_many",
            "guides": "channel_vendors",
        },
        fields={"served": "models", "option_delay_ms": "options"},
    ),
    "channels_app.channelcost": Row("channel_costs_list", "channel_costs_set", "channel_costs_set", "channel_costs_delete"),
    "channels_app.routingpolicy": Row(
        "routing_policies_list", "routing_policies_create", "routing_policies_change", "routing_policies_delete"
    ),
    "channels_app.grouproute": Row("group_routes_list", "group_routes_create", "group_routes_change", "group_routes_delete"),
    "channels_app.fallbackchain": Row("fallback_chains_list", "fallback_chains_create", "fallback_chains_change", "fallback_chains_delete"),
    "channels_app.modelalias": Row("model_aliases_list", "model_aliases_create", "model_aliases_change", "model_aliases_delete"),
    "billing.ledgeraccount": Row("ledger_accounts_list"),
    "billing.journal": Row("journals_list"),
    "billing.transfer": Row("transfers_list", filters={"account": "source"}),
    "billing.pricerule": Row("prices_list", "prices_set", acts={"import_prices": "prices_import"}),
    "billing.grouprate": Row("groups_list", "groups_set"),
    "billing.buyerblock": Row("buyer_blocks_list", "buyer_blocks_create", delete="buyer_blocks_delete"),
    "billing.priceceiling": Row("price_ceilings_list", "price_ceilings_set"),
    "billing.promotionrule": Row(
        "promotion_rules_list", "promotion_rules_create", "promotion_rules_change", "promotion_rules_delete", fields={"paid": "paid_minor"}
    ),
    "billing.referralprogram": Row(
        "referral_programs_list",
        "referral_programs_create",
        "referral_programs_change",
        fields={"referrer": "referrer_fixed", "referred": "referred_fixed", "cap_text": "cap", "least": "least_minor"},
    ),
    "accounts.referral": Row("referrals_list", acts={"allow": "referrals_allow", "refuse": "referrals_refuse"}),
    "billing.referralreward": Row("referral_rewards_list", acts={"export": "referral_rewards_list"}),
    "billing.category": Row("categories_list", "categories_create", "categories_change"),
    "billing.product": Row(
        "products_list",
        "products_create",
        "products_change",
        fields={"price": "price_minor", "compare": "compare_minor", "many": "tiers"},
    ),
    "billing.coupon": Row(
        "coupons_list", "coupons_create", "coupons_change", fields={"amount": "value", "least": "least_minor", "most": "most_minor"}
    ),
    "billing.gatewayaccount": Row(
        "payment_accounts_list",
        "payment_accounts_create",
        "payment_accounts_change",
        acts={
            "credentials": "payment_accounts_change",
            "check_now": "payment_accounts_check",
            "doctor": "payment_accounts_doctor",
            "book_payout": "payment_accounts_owed payment_accounts_book_payout",
        },
        fields={"add is_enabled": Why("an account is enabled by its change, once it is there")},
    ),
    "billing.codebatch": Row(
        "code_batches_list",
        "code_batches_mint",
        acts={
            "export": "code_batches_export",
            "freeze": "code_batches_freeze",
            "unfreeze": "code_batches_unfreeze",
            "reissue": "code_batches_reissue",
            "revoke": "code_batches_revoke",
            "offer_promo": "code_batches_promo",
            "import_codes": "code_batches_import",
        },
    ),
    "billing.code": Row("codes_list"),
    "billing.cardbatch": Row(
        "card_batches_list", "card_batches_import", acts={"export": "card_batches_export", "void": "card_batches_void"}
    ),
    "billing.card": Row("cards_list", acts={"void": "cards_void"}),
    "billing.readykey": Row("ready_keys_list"),
    "billing.order": Row(
        "orders_list",
        acts={
            "hand_over": "orders_hand_over",
            "ask_again": "orders_ask",
            "confirm": "orders_confirm",
            "deliver": "orders_deliver",
            "pay_back": "orders_refund",
            "cancel": "orders_cancel",
            "export": "orders_list",
        },
    ),
    "billing.refund": Row("refunds_list", acts={"send_again": "refunds_send", "mark_done": "refunds_finish", "decline": "refunds_decline"}),
    "billing.invoicerequest": Row(
        "invoices_list", acts={"issue": "invoices_issue", "decline": "invoices_decline", "download": "invoices_file"}
    ),
    "billing.dispute": Row("disputes_list"),
    "billing.suspicion": Row("suspicions_list", acts={"clear": "suspicions_clear", "uphold": "suspicions_uphold"}),
    "billing.webhookinbox": Row("payment_messages_list"),
    "billing.withdrawal": Row(
        "withdrawals_list",
        acts={
            "approve": "withdrawals_approve",
            "decline": "withdrawals_decline",
            "mark_paid": "withdrawals_mark_paid",
            "take_back": "withdrawals_take_back",
            "ask": "withdrawals_standings withdrawals_ask",
            "statement": "withdrawals_statement",
        },
    ),
    "gateway.usagerecord": Row("usage_list", acts={"export": "usage_list"}, filters={"time": "since"}),
    "accounts.user": Row("people_list", change="people_change"),
    "accounts.tenant": Row(
        "tenants_list",
        "tenants_create",
        "tenants_change shop_change",
        acts={"suspend": "tenants_suspend", "close": "tenants_close", "reopen": "tenants_reopen", "buy_quota": "purchases_create"},
        fields={"parent": "seller"},
    ),
    "billing.auditrun": Row("audits_list", acts={"audit_now": "audits_begin"}),
    "foundation.scheduledtask": Row("task_runs"),
    "foundation.job": Row("jobs_list"),
    "foundation.outboxmessage": Row("outgoing_messages_list"),
}
# Tables inside a page of another.
INLINES: dict[str, str] = {
    "PictureInline": "product_pictures_list product_pictures_create product_pictures_change product_pictures_delete",
    "DomainInline": "domains_list domains_claim domains_change",
    "DomainLookInline": "domains_list",
    "TransferInline": "transfers_list",
    "CodeEventInline": "codes_read",
    "PaymentInline": "orders_read",
    "EventInline": "orders_read",
}

_LIMITS: Fields = {
    name: f"allowances.{name}" for name in ("total_micros", "five_hours_micros", "day_micros", "week_micros", "month_micros")
}
_KEY: Fields = {
    "lifetime": "expires_at",
    "allowance": "allowances.total_micros",
    "five_hours": "allowances.five_hours_micros",
    "day": "allowances.day_micros",
    "week": "allowances.week_micros",
    "month": "allowances.month_micros",
    "nonce": ONCE,
}
FORMS: dict[str, Form] = {
    "console.admin.statistics.SpanForm": Form(Why("narrows the statistics: their query parameters are the same")),
    "console.admin.applications.DeclineForm": Form("applications_decline"),
    "console.admin.code_forms.MintForm": Form("code_batches_mint"),
    "console.admin.code_forms.PromoForm": Form("code_batches_promo"),
    "console.admin.code_forms.ExportForm": Form("code_batches_export", {"format": EXPORTED}),
    "console.admin.code_forms.ReasonForm": Form(
        "code_batches_freeze code_batches_unfreeze code_batches_reissue code_batches_revoke card_batches_void cards_void orders_deliver "
        "orders_cancel refunds_decline refunds_finish invoices_decline withdrawals_decline suspicions_clear "
        "suspicions_uphold"
    ),
    "console.admin.refunds.PayBackForm": Form("orders_refund", {"gesture": "gesture_minor"}),
    "console.admin.credit.CreditForm": Form("customers_give_credit", {"amount": "amount_minor", "once": ONCE}),
    "console.admin.pasted.PastedForm": Form(PASTED),
    "console.admin.cards.ImportForm": Form("card_batches_import", {"text": "cards", "file": PASTED, "seen": "is_rehearsal"}),
    "console.admin.code_imports.ImportForm": Form("code_batches_import", {"text": "codes", "file": PASTED}),
    "console.admin.channel_acts.DrillForm": Form("channels_drill"),
    "console.admin.channel_acts.KeysForm": Form(
        "channels_add_key",
        {"added": "key", "used": Why("channel_keys_change sets a state"), "removed": Why("channel_keys_delete removes one")},
    ),
    "console.admin.channel_acts.ModelsForm": Form("channels_change", {"add": "models", "remove": "models"}),
    "console.admin.channel_bulk.ChangeForm": Form("channels_change_many"),
    "console.admin.channel_lines.LinesForm": Form("channels_create_many", {"lines": "channels", "served": "models"}),
    "console.admin.purchases.PurchaseForm": Form("purchases_create"),
    "console.admin.domains.ClaimForm": Form("domains_claim"),
    "console.admin.payouts.PayoutForm": Form("payment_accounts_book_payout", {"received": "received_minor", "fee": "fee_minor"}),
    "console.admin.gateways.AccountForm": Form("payment_accounts_create"),
    "console.admin.price_imports.FileForm": Form("prices_import"),
    "console.admin.price_imports.ApplyForm": Form("prices_import", {"token": "draft"}),
    "console.admin.prices.PriceForm": Form("prices_set", {"percent": "factor", "is_trial": Why("prices_preview tries a price out")}),
    "console.admin.groups.GroupForm": Form("groups_set"),
    "console.admin.blocks.BlockForm": Form("buyer_blocks_create", {"tenant": "shop"}),
    "console.admin.ceilings.CeilingForm": Form("price_ceilings_set", {"percent": "factor"}),
    "console.admin.hooks.NewWebhookForm": Form("webhooks_create"),
    "console.admin.invitations.InviteForm": Form("invitations_create"),
    "console.admin.invoices.IssueForm": Form("invoices_issue"),
    "console.admin.key_bulk.LimitsForm": Form("keys_change_limits", _LIMITS),
    "console.admin.key_bulk.IssueForm": Form("keys_create_many", {**_LIMITS, "membership": "customer", "days": "expires_at"}),
    "console.admin.key_bulk.ChangeForm": Form(
        "keys_change_limits", {**_LIMITS, "is_whole": Why("null takes a limit away, what is left out stays")}
    ),
    "console.admin.key_bulk.RotateForm": Form("keys_rotate", {"hours": "overlap_hours"}),
    "console.admin.confirming.ConfirmForm": Form("orders_confirm", {"amount": "amount_minor"}),
    "console.admin.orders.DeliveryForm": Form("orders_hand_over"),
    "console.admin.group_bulk.GroupForm": Form("customers_change"),
    "console.admin.withdrawals.WithdrawalForm": Form("withdrawals_ask", {"amount": "amount_minor", "once": ONCE}),
    "console.admin.withdrawals.ReferenceForm": Form("withdrawals_mark_paid"),
    "accounts.forms.OperatorForm": Form(FOLLOWS),
    "billing.forms.BuyForm": Form(
        "purchases_create",
        {
            **{name: Why("an order over the API is the caller's own: the account says where to write") for name in ("email", "contact")},
            "accepts": Why("a member accepts the shop's pages by me_terms_accept; whoever orders by a program knows them"),
        },
    ),
    "billing.forms.RedeemForm": Form("wallet_redeem"),
    "billing.forms.LookupCodeForm": Form(GUESTS),
    "billing.forms.LookupForm": Form(GUESTS),
    "billing.forms.InvoiceForm": Form("me_orders_ask_invoice"),
    "billing.forms.RestockForm": Form("purchases_notify", {"email": Why("the mail goes to the caller's own address")}),
    "console.pages.apply.ApplyForm": Form("my_applications_send"),
    "console.pages.forms.WatchForm": Form("wallet_watch_change", {"below": "below_micros"}),
    "console.pages.key_forms.KeyForm": Form("keys_create", _KEY),
    "console.pages.key_forms.KeyEditForm": Form("keys_change", _KEY),
    "console.pages.key_forms.RotateForm": Form("keys_rotate", {"overlap": "overlap_hours", "nonce": ONCE}),
    "console.pages.key_login.LoginForm": Form("keys_give_login"),
    "console.pages.key_status.HeldKeyForm": Form(PAGES["key_status"]),
    "console.pages.profile.ProfileForm": Form("me_change"),
    "console.pages.profile.ForgetForm": Form("me_erase"),
    "console.pages.site.SampleForm": Form(LOOKS),
    "console.pages.tokens.TokenForm": Form("tokens_create", {"lifetime": "expires_at", "nonce": ONCE}),
}
