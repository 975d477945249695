"""Mail texts in the back office: an overview, the built-in text to begin with, refusals, preview, a test, and back again."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent, MailText, Membership, Tenant
from foundation import outbox

pytestmark = pytest.mark.django_db
TEXTS = "/reseller/accounts/mailtext/"
FORM = {"template": "order_placed", "language": "en", "subject": "Pay {{ total }}", "body": "Here: {{ link }}"}


def test_every_mail_begins_with_its_built_in_text(desk: Client) -> None:
    page = desk.get(TEXTS).content.decode()
    assert f"{TEXTS}add/?template=refund_declined&amp;language=zh-hant" in page
    form = desk.get(f"{TEXTS}add/?template=order_placed&language=en").context["adminform"].form
    assert form.initial["subject"] == "Your order {{ number }} at {{ shop }} waits for payment"
    assert "{{ link }}" in form.initial["body"]
    assert "{{ total }}" in desk.get(f"{TEXTS}add/?template=order_placed&language=en").content.decode()


def test_a_text_is_kept_with_its_trail_and_given_up_again(desk: Client, tenant: Tenant) -> None:
    desk.post(f"{TEXTS}add/", FORM)
    row = MailText.objects.get()
    assert (row.tenant, row.subject, row.body) == (tenant, "Pay {{ total }}", "Here: {{ link }}")
    assert desk.post(f"{TEXTS}add/", FORM).context["adminform"].form.non_field_errors()
    MailText.objects.update(problem="KeyError: 'gone'")
    assert "cannot be used" in desk.get(TEXTS).content.decode()
    desk.post(f"{TEXTS}{row.pk}/change/", FORM | {"subject": "Please pay"})
    row.refresh_from_db()
    assert (row.subject, row.problem) == ("Please pay", "")
    assert desk.get(f"{TEXTS}{row.pk}/give_up/").status_code == 200
    desk.post(f"{TEXTS}{row.pk}/give_up/")
    assert not MailText.objects.exists()
    trail = [(event.action, event.tenant) for event in AuditEvent.objects.order_by("pk")]
    assert trail == [(f"mailtext.{verb}", tenant) for verb in ("add", "change", "delete")]


def test_an_unknown_name_is_refused_where_it_stands(desk: Client) -> None:
    errors = desk.post(f"{TEXTS}add/", FORM | {"subject": "{{ password }}"}).context["adminform"].form.errors
    assert "no {{ password }}" in errors["subject"][0]
    assert not MailText.objects.exists()


def test_the_preview_shows_what_is_typed_without_keeping_it(desk: Client) -> None:
    answer = desk.post(f"{TEXTS}look/", FORM)
    assert [box.text for box in answer.context["boxes"]] == ["Pay ¥78.00", "Here: https://shop.example/o/…"]
    Tenant.objects.update(currency="EUR", quota_unit="points")
    answer = desk.post(f"{TEXTS}look/", FORM | {"subject": "{{ pieces }}: {{ total }}"})
    assert answer.context["boxes"][0].text == "2 × 2,500,000 points: €78.00"
    assert "no {{ x }}" in desk.post(f"{TEXTS}look/", FORM | {"body": "{{ x }} {{ link }}"}).context["explanation"]
    assert not MailText.objects.exists()


def test_a_test_goes_to_who_asks(desk: Client, reseller_owner: Membership) -> None:
    row = MailText.objects.create(tenant=reseller_owner.tenant, **FORM)
    assert "owner@shop.test" in desk.get(f"{TEXTS}{row.pk}/send_test/").content.decode()
    desk.post(f"{TEXTS}{row.pk}/send_test/")
    outbox.deliver()
    [message] = mail.outbox
    assert (message.to, message.subject) == (["owner@shop.test"], "[Test] Pay ¥78.00")


def test_the_platform_writes_texts_of_any_shop(operator: Client, tenant: Tenant) -> None:
    operator.post("/admin/accounts/mailtext/add/", FORM | {"tenant": tenant.pk})
    assert MailText.objects.get().tenant == tenant
    assert operator.post("/admin/accounts/mailtext/add/", FORM | {"tenant": tenant.pk}).context["adminform"].form.errors
