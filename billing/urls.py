"""URLs of this room's pages."""

from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver

from billing.views import found_by, invoice, lookup, notify, order, picture, ready_keys, redeem, restock, sandbox, storefront

urlpatterns: list[URLPattern | URLResolver] = [
    path("shop/", storefront.shop, name="shop"),
    path("p/<slug:slug>/", storefront.product, name="product"),
    path("p/<slug:slug>/price/", storefront.price, name="product_price"),
    path("p/<slug:slug>/notify/", restock.restock_ask, name="restock_ask"),
    path("restock/<str:token>/", restock.restock_wish, name="restock"),
    path("pictures/<path:name>.<slug:size>.webp", picture.picture, name="picture"),
    path("sitemap.xml", found_by.site_map, name="site_map"),
    path("robots.txt", found_by.robots, name="robots"),
    path("o/<str:capability>/", order.order, name="order"),
    path("o/<str:capability>/state/", order.order_state, name="order_state"),
    path("o/<str:capability>/bought.txt", order.order_text, name="order_text"),
    path("o/<str:capability>/pay/", order.order_pay, name="order_pay"),
    path("o/<str:capability>/ask/", order.order_ask, name="order_ask"),
    path("o/<str:capability>/mail/", order.order_mail, name="order_mail"),
    path("o/<str:capability>/cancel/", order.order_cancel, name="order_cancel"),
    path("o/<str:capability>/redeem/", order.order_redeem, name="order_redeem"),
    path("o/<str:capability>/claim/", ready_keys.order_claim, name="order_claim"),
    path("o/<str:capability>/rotate/", ready_keys.order_rotate, name="order_rotate"),
    path("o/<str:capability>/refund/", order.order_refund, name="order_refund"),
    path("o/<str:capability>/receipt/", invoice.receipt, name="receipt"),
    path("o/<str:capability>/receipt.pdf", invoice.receipt_pdf, name="receipt_pdf"),
    path("o/<str:capability>/invoice/", invoice.invoice, name="invoice"),
    path("o/<str:capability>/invoice.pdf", invoice.invoice_pdf, name="invoice_pdf"),
    path("lookup/", lookup.lookup, name="lookup"),
    path("lookup/code/", lookup.lookup_code, name="lookup_code"),
    path("redeem/", redeem.redeem, name="redeem"),
    path("pay/<slug:gateway>/<str:account>/webhook/", notify.webhook, name="pay_webhook"),
    path("pay/<slug:gateway>/<str:attempt>/notify", notify.notify, name="pay_notify"),
    path("pay/sandbox/<str:token>/", sandbox.sandbox, name="pay_sandbox"),
]
