"""A shop's mails leave by its own server over TLS; when that fails, by the platform's, and the failure is told."""

from __future__ import annotations

import ipaddress
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.test import Client

from accounts import mailing
from accounts.models import MailServer, Membership, Tenant
from foundation import notify, outbound, outbox
from tests.doubles.mail import MailDouble

pytestmark = pytest.mark.django_db
PASSWORD = "very secret mail password"


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailDouble]:
    """A server called mail.test whose address counts as one outside."""
    with MailDouble(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        look_up = socket.getaddrinfo

        def find(host: Any, *rest: Any, **more: Any) -> Any:
            return look_up("127.0.0.1" if host == "mail.test" else host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", find)
        monkeypatch.setattr(outbound, "is_public", lambda address: address == ipaddress.ip_address("127.0.0.1"))
        yield server


def own(tenant: Tenant, double: MailDouble, **more: Any) -> MailServer:
    values = {"host": "mail.test", "port": double.port, "security": "tls", "username": "teahouse", "sender": "hello@tea.test"}
    return MailServer.objects.create(tenant=tenant, sealed=mailing.seal(PASSWORD), **(values | more))


def tell(tenant: Tenant) -> None:
    notify.email(to="ann@example.com", template="approved", context={"shop": "Tea House"}, sender_name="Tea House", account=tenant.pk)
    outbox.deliver()


def test_a_mail_leaves_by_the_shops_server_under_its_address(tenant: Tenant, double: MailDouble) -> None:
    own(tenant, double)
    tell(tenant)
    assert mail.outbox == []
    assert double.logins == [("teahouse", PASSWORD)]
    (text,) = double.mails
    assert "From: Tea House <hello@tea.test>" in text
    assert "To: ann@example.com" in text


def test_sign_in_mails_leave_there_too(client: Client, tenant: Tenant, double: MailDouble) -> None:
    own(tenant, double)
    client.post("/accounts/signup/", {"email": "new@shop.test", "password1": "a long pass phrase"}, headers={"host": "shop.test"})
    assert (len(double.mails), mail.outbox) == (1, [])


def test_the_platform_sends_what_a_failing_server_does_not(tenant: Tenant, double: MailDouble) -> None:
    server = own(tenant, double)
    double.answers["AUTH"] = b"535 no such user"
    tell(tenant)
    (message,) = mail.outbox
    assert message.from_email == "Tea House <noreply@localhost>"
    server.refresh_from_db()
    assert server.failure == "535 no such user"
    assert server.failed_at is not None


def test_a_refused_recipient_is_no_failure_of_the_server(tenant: Tenant, double: MailDouble) -> None:
    server = own(tenant, double)
    double.answers["RCPT"] = b"550 nobody here"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        mailing.by(tenant).send_messages([EmailMessage("Hi", "Ho", to=["nobody@example.com"])])
    server.refresh_from_db()
    assert (server.failure, mail.outbox) == ("", [])


def test_a_server_that_is_off_and_other_shops_are_left_to_the_platform(tenant: Tenant, root_tenant: Tenant, double: MailDouble) -> None:
    own(tenant, double, is_active=False)
    tell(tenant)
    tell(root_tenant)
    assert (len(mail.outbox), double.mails) == (2, [])


def test_a_server_inside_our_network_is_not_called(tenant: Tenant, double: MailDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "is_public", lambda address: False)
    server = own(tenant, double)
    tell(tenant)
    server.refresh_from_db()
    assert server.failure == "RefusedAddress: mail.test is an address inside a private network"
    assert (len(mail.outbox), double.logins) == (1, [])


def test_a_certificate_for_another_name_is_refused(tenant: Tenant, double: MailDouble) -> None:
    server = own(tenant, double, host="127.0.0.1")
    tell(tenant)
    server.refresh_from_db()
    assert server.failure.startswith("SSLCertVerificationError")
    assert len(mail.outbox) == 1


def test_the_back_office_never_shows_the_password_and_tries_the_server_out(
    client: Client, reseller_owner: Membership, tenant: Tenant, double: MailDouble
) -> None:
    shop = {"host": "shop.test"}
    client.force_login(reseller_owner.user)
    form = {
        "sender": "hello@tea.test",
        "host": "mail.test",
        "port": double.port,
        "security": "tls",
        "username": "teahouse",
        "is_active": "on",
    }
    client.post("/reseller/accounts/mailserver/add/", form | {"password": PASSWORD}, headers=shop)
    server = MailServer.objects.get()
    address = f"/reseller/accounts/mailserver/{server.pk}/change/"
    assert server.tenant == tenant
    assert PASSWORD not in server.sealed + client.get(address, headers=shop).content.decode()
    client.get(f"/reseller/accounts/mailserver/{server.pk}/try_out/", headers=shop)
    client.post(f"/reseller/accounts/mailserver/{server.pk}/try_out/", headers=shop)
    assert double.logins[-1] == ("teahouse", PASSWORD)
    assert "To: owner@shop.test" in double.mails[-1]
    page = client.post(address, form | {"username": "mallory"}, headers=shop).content.decode()
    assert "Type the password again" in page
    client.post(address, form | {"sender": "tea@tea.test"}, headers=shop)
    server.refresh_from_db()
    assert server.sender == "tea@tea.test"
    assert client.get("/reseller/accounts/mailserver/add/", headers=shop).status_code == 403
