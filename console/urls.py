"""URLs of this room's pages."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from console.admin.sites import platform_site, reseller_site
from console.pages import keys, overview, receipt, site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", site.landing, name="landing"),
    path("brand.css", site.brand_css, name="brand_css"),
    path("theme/", site.set_theme, name="set_theme"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", platform_site.urls),
    path("reseller/", reseller_site.urls),
    path("styleguide/", site.styleguide, name="styleguide"),
    path("console/", overview.dashboard, name="console_dashboard"),
    path("console/keys/", keys.key_list, name="console_keys"),
    path("console/keys/new/", keys.key_new, name="console_key_new"),
    path("console/keys/<int:pk>/revoke/", keys.key_revoke, name="console_key_revoke"),
    path("console/wallet/", overview.wallet, name="console_wallet"),
    path("console/wallet/watch/", overview.wallet_watch, name="console_wallet_watch"),
    path("console/wallet/statement.csv", overview.statement_csv, name="console_statement_csv"),
    path("console/calls/", overview.calls, name="console_usage"),
    path("console/calls/<uuid:pk>/", receipt.show, name="console_receipt"),
]
