"""The doctor of a payment account: where its gateway must tell us, whether that address is reached, what it said last, what waits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import callbacks, gateways
from billing.models.inbox import WebhookInbox
from billing.models.shop import GatewayAccount, PaymentAttempt
from billing.payments.base import may_be_private
from console.admin import pages, purchases
from console.admin.base import DeskAdmin
from console.admin.figures import moment
from foundation import outbound
from foundation.models import ScheduledTask

SHOWN = 50
# Each question may last until its time-out.
ASKED = 3
_TIMEOUT_SECONDS = 8.0
# The periodic task that asks, every two minutes; who is much later does not run.
ASKING, LATE_SECONDS = "ask gateways", 600


def run(desk: DeskAdmin[Any], request: HttpRequest, account: GatewayAccount) -> HttpResponse:
    """Ask first; then look at everything and say in words what is found."""
    back = pages.object_url(desk.admin_site.name, account)
    title = _("Doctor of %s") % account
    if request.method != "POST":
        explanation = _(
            "Calls the shop's own address from here as the gateway would, shows what it said last, and asks about payments that wait."
        )
        return pages.ask(request, desk, title=title, submit=_("Examine"), explanation=explanation, back=back)
    driver = gateways.drivers().get(account.driver)
    address = address_of(request, account)
    boxes = [pages.Box(_("Enter this address at the gateway"), address)] if driver is not None and driver.has_account_address else []
    if driver is not None and driver.events:
        boxes.append(pages.Box(_("Choose these events there"), ", ".join(driver.events)))
    facts = [
        (
            _("Ready"),
            _("yes") if gateways.is_ready(account) else _("no: a secret is missing, or it is switched off; its addresses answer 404"),
        ),
        (_("Told at"), _("the address above") if boxes else _("an address of each payment, which it is given by itself")),
        (_("Reached from here"), reached(account, address)),
        (_("Payments that wait"), waiting(account)),
        (_("Asked by the clock"), asked()),
        *((moment(row.created_at), _said(row)) for row in WebhookInbox.objects.filter(account=account).order_by("-pk")[:SHOWN]),
    ]
    desk.record(request, "examine", account)
    return pages.result(request, desk, title=title, boxes=boxes, facts=facts, back=back)


def address_of(request: HttpRequest, account: GatewayAccount) -> str:
    """Return where an account's gateway tells us of payments."""
    site = purchases.site_of(request, account.tenant)
    path = reverse("pay_webhook", kwargs={"gateway": account.driver, "account": account.token})
    return f"{site}/{path.removeprefix(get_script_prefix())}"


def reached(account: GatewayAccount, address: str) -> str:
    """Call the address: its door takes only POST, so 405 is the answer of this very application."""
    try:
        answer = outbound.request("GET", address, timeout_seconds=_TIMEOUT_SECONDS, allow_private=may_be_private(account), body_limit=65536)
    except outbound.OutboundError as error:
        return _("no: %(problem)s. Check the domain, its DNS entry and the proxy.") % {"problem": error}
    if answer.status == 405:
        return _("yes")
    return _("no: something else answers there (%(status)d). Check that the proxy leads /pay/ here.") % {"status": answer.status}


def waiting(account: GatewayAccount) -> str:
    """Ask the gateway about the last payments that wait, and say what came of it."""
    rows = PaymentAttempt.objects.filter(account=account, state=PaymentAttempt.State.PENDING).select_related("account__tenant", "order")
    count = rows.count()
    ended = sum(callbacks.ask(attempt) for attempt in rows.order_by("-pk")[:ASKED])
    return _("%(count)d; asked about the last %(asked)d, of which %(ended)d had an end") % {
        "count": count,
        "asked": min(count, ASKED),
        "ended": ended,
    }


def asked() -> str:
    """Say when payments that wait were last asked about by themselves: a message that is lost is made good by that alone."""
    last = ScheduledTask.objects.filter(name=ASKING).values_list("finished_at", flat=True).first()
    if last is None:
        return _("no: never yet. Look whether workers run.")
    seconds = int((timezone.now() - last).total_seconds())
    if seconds > LATE_SECONDS:
        return _("no: not since %(minutes)d minutes. Look whether workers run.") % {"minutes": seconds // 60}
    return _("yes, %(seconds)d seconds ago") % {"seconds": seconds}


def _said(row: WebhookInbox) -> str:
    return f"{row.kind}: {row.get_state_display()}" + (f", {row.reason}" if row.reason else "") + f" (×{row.tries})"
