"""URLs of this room's pages."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from console import metrics
from console.admin.sites import platform_site, reseller_site
from console.pages import (
    apply,
    calls,
    key_acts,
    key_login,
    key_status,
    keys,
    moved,
    orders,
    overview,
    profile,
    receipt,
    site,
    tokens,
    topup,
    usage,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", site.landing, name="landing"),
    path("metrics", metrics.show, name="metrics"),
    path("brand.css", site.brand_css, name="brand_css"),
    path("theme/", site.set_theme, name="set_theme"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", platform_site.urls),
    path("reseller/", reseller_site.urls),
    path("styleguide/", site.styleguide, name="styleguide"),
    path("key/", key_status.key_status, name="key_status"),
    path("console/", overview.dashboard, name="console_dashboard"),
    path("console/keys/", keys.key_list, name="console_keys"),
    path("console/keys/new/", keys.key_new, name="console_key_new"),
    path("console/keys/<int:pk>/", keys.key_detail, name="console_key"),
    path("console/keys/<int:pk>/edit/", key_acts.key_edit, name="console_key_edit"),
    path("console/keys/<int:pk>/rotate/", key_acts.key_rotate, name="console_key_rotate"),
    path("console/keys/<int:pk>/login/", key_login.key_login, name="console_key_login"),
    path("console/keys/<int:pk>/login/end/", key_login.key_login_end, name="console_key_login_end"),
    path("console/keys/<int:pk>/pause/", key_acts.key_pause, name="console_key_pause"),
    path("console/keys/<int:pk>/revoke/", key_acts.key_revoke, name="console_key_revoke"),
    path("console/wallet/", overview.wallet, name="console_wallet"),
    path("console/wallet/watch/", overview.wallet_watch, name="console_wallet_watch"),
    path("console/wallet/statement.csv", overview.statement_csv, name="console_statement_csv"),
    path("console/topup/", topup.topup, name="console_topup"),
    path("console/orders/", orders.order_list, name="console_orders"),
    path("console/profile/", profile.profile, name="console_profile"),
    path("console/profile/data.json", profile.export_data, name="console_export"),
    path("console/profile/delete/", profile.forget, name="console_forget"),
    path("console/tokens/", tokens.token_list, name="console_tokens"),
    path("console/tokens/<int:pk>/revoke/", tokens.token_revoke, name="console_token_revoke"),
    path("", include("console.facade.urls")),
    path("", include("console.api.urls")),
    path("console/shop/", apply.apply, name="console_apply"),
    path("console/usage/", usage.usage, name="console_usage"),
    path("console/calls/", calls.call_list, name="console_calls"),
    path("console/calls/<uuid:pk>/", receipt.show, name="console_receipt"),
    *moved.patterns(),
]
