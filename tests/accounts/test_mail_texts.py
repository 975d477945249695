"""A shop's own words: what may stand in them, what a customer reads, and that no mail is lost to them."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage

from accounts import mail_texts
from accounts.mail_kinds import MAILS, NAMES
from accounts.models import MailText, Membership, NotificationTarget, Tenant
from foundation import notify, outbox
from foundation.models import OutboxMessage

pytestmark = pytest.mark.django_db
LOW = {"shop": "Tea & Co", "balance": "$0.80", "below": "$1.00"}


def word(tenant: Tenant, *, subject: str = "", body: str = "", template: str = "wallet_low", language: str = "en") -> MailText:
    return MailText.objects.create(tenant=tenant, template=template, language=language, subject=subject, body=body)


def told(tenant: Tenant, *, language: str = "en", context: dict[str, str] | None = None) -> tuple[str, str]:
    mail.outbox.clear()
    notify.email(to="ann@shop.test", template="wallet_low", context=context or LOW, language=language, account=tenant.pk)
    while outbox.deliver():
        pass
    [message] = [one for one in mail.outbox if one.to == ["ann@shop.test"]]
    return str(message.subject), str(message.body)


def test_own_words_are_filled_in_and_a_part_left_empty_is_built_in(tenant: Tenant, stranger: Membership) -> None:
    row = word(tenant, subject="Only {{ balance }} at {{shop}}!\nBcc: x@example.com")
    assert told(tenant)[0] == "Only $0.80 at Tea & Co! Bcc: x@example.com"
    assert told(tenant)[1].startswith("Your wallet at Tea & Co holds $0.80.")
    MailText.objects.filter(pk=row.pk).update(subject="", body="{{{{ {{ below }} <b>\n")
    assert told(tenant) == ("Less than $1.00 is left at Tea & Co", "{{ $1.00 <b>\n")
    assert told(stranger.tenant)[1].startswith("Your wallet")
    assert told(tenant, language="zh-hans")[0].startswith("您在 Tea & Co")


def test_what_a_value_says_is_never_filled_in_again(tenant: Tenant) -> None:
    word(tenant, body="{{ shop }} {{ balance }}")
    assert told(tenant, context=LOW | {"shop": "{{ balance }} {% now %}"})[1] == "{{ balance }} {% now %} $0.80"


@pytest.mark.parametrize(
    ("template", "subject", "body", "field", "says"),
    [
        ("wallet_low", "{{ total }}", "", "subject", "no {{ total }}. It knows: {{ shop }}, {{ balance }}, {{ below }}"),
        ("wallet_low", "", "{{ shop.secret }}", "body", "braces that are no name"),
        ("wallet_low", "", "{{ }}", "body", "braces that are no name"),
        ("wallet_low", "", "{% include 'x' %}", "body", "{% … %} is not understood"),
        ("order_delivered", "", "Thank you, {{ number }}.", "body", "of no use without {{ link }} / {{ codes }}"),
        ("order_code", "Code {{ code }}", "Look above.", "body", "of no use without {{ code }}"),
    ],
)
def test_words_that_could_not_be_filled_in_are_refused(template: str, subject: str, body: str, field: str, says: str) -> None:
    found = mail_texts.problems(template=template, subject=subject, body=body)
    assert list(found) == [field]
    assert says in found[field]


def test_a_broken_text_loses_no_mail_and_its_owners_are_told_once(tenant: Tenant, reseller_owner: Membership) -> None:
    NotificationTarget.objects.create(tenant=tenant, preset="email", address="ops@shop.test", events=["mail.broken"])
    row = word(tenant, subject="{{ gone }}", body="{{ balance")
    sent: list[EmailMessage] = []
    for _again in range(2):
        assert told(tenant)[0] == "Less than $1.00 is left at Tea & Co"
        sent += mail.outbox
    row.refresh_from_db()
    assert row.problem == "KeyError: 'gone'"
    notices = OutboxMessage.objects.filter(topic=notify.EMAIL_TOPIC, payload__template="notice")
    assert sorted(notices.values_list("payload__to", flat=True)) == ["ops@shop.test", "owner@shop.test"]
    owners = [str(message.subject) for message in sent if message.to == ["owner@shop.test"]]
    assert len(owners) == 1
    assert "Your text of the mail “balance is low” cannot be used" in owners[0]


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
@pytest.mark.parametrize("template", MAILS)
def test_the_built_in_text_is_a_good_beginning_for_an_own_one(template: str, language: str) -> None:
    subject, body = mail_texts.built_in(template, language=language)
    assert mail_texts.problems(template=template, subject=subject, body=body) == {}
    assert len(subject) <= 200
    seen = mail_texts.preview(template, language=language, subject=subject, body=body, shop="Tea & Co")
    assert seen == mail_texts.preview(template, language=language, subject="", body="", shop="Tea & Co")
    assert "{{" not in seen[0] + seen[1]
    assert all(name in NAMES for name in MAILS[template].names)


def test_a_sample_says_that_it_is_one(tenant: Tenant) -> None:
    mail.outbox.clear()
    mail_texts.send_sample(text=word(tenant, body="{{ below }} <&>"), to="owner@shop.test")
    outbox.deliver()
    [message] = mail.outbox
    assert (message.subject, message.body) == ("[Test] Less than $1.00 is left at Tea House", "$1.00 <&>\n")
