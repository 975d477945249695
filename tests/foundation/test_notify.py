"""The notifier: mails from templates, POSTs to the outside, both through the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from django.core import mail
from pytest_django import Settings

from foundation import notify, outbound, outbox
from foundation.models import OutboxMessage
from tests.doubles.web import Asked, Given, Service

pytestmark = pytest.mark.django_db


@pytest.fixture
def templates(tmp_path: Path, settings: Settings) -> Path:
    (tmp_path / "emails").mkdir()
    (tmp_path / "emails/paid.subject.txt").write_text("{% load i18n %}Order {{ number }}:\n{% trans 'Yes' %}")
    (tmp_path / "emails/paid.txt").write_text("Thank you, {{ name|safe }}.")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return tmp_path / "emails"


def test_a_mail_is_written_in_its_language_under_the_shops_name(templates: Path) -> None:
    notify.email(
        to="ann@example.com",
        template="paid",
        context={"number": 7, "name": "Ann"},
        language="zh-hans",
        sender_name="茶馆",
        reply_to="help@shop.test",
    )
    assert mail.outbox == []
    assert outbox.deliver() == 1
    (message,) = mail.outbox
    assert (message.to, message.subject, message.body) == (["ann@example.com"], "Order 7: 是", "Thank you, Ann.")
    assert message.from_email.endswith("<noreply@localhost>")
    assert message.message()["From"].startswith("=?utf-8?b?")
    assert message.reply_to == ["help@shop.test"]
    assert message.extra_headers["Message-ID"] == f"<{OutboxMessage.objects.get().pk}@keyosk>"


def test_a_mail_may_have_an_html_part(templates: Path) -> None:
    (templates / "paid.html").write_text("<p>{{ name }}</p>")
    notify.email(to="ann@example.com", template="paid", context={"number": 7, "name": "<Ann>"})
    outbox.deliver()
    assert mail.outbox[0].alternatives[0][0] == "<p>&lt;Ann&gt;</p>"  # type: ignore[union-attr]  # has alternatives


def test_a_line_break_in_a_value_cannot_add_headers(templates: Path) -> None:
    notify.email(to="ann@example.com", template="paid", context={"number": "7\nBcc: x@example.com", "name": "Ann"})
    outbox.deliver()
    assert mail.outbox[0].subject == "Order 7 Bcc: x@example.com: Yes"


def test_plain_text_is_not_escaped(templates: Path) -> None:
    (templates / "paid.txt").write_text("{{ name }}")
    notify.email(to="ann@example.com", template="paid", context={"number": "<7>", "name": "Tea & Co"})
    outbox.deliver()
    assert (mail.outbox[0].subject, mail.outbox[0].body) == ("Order <7>: Yes", "Tea & Co")


class Hook(Service):
    """An address that takes messages, or not."""

    status = 204

    def handle(self, asked: Asked) -> Given:
        return Given(status=self.status)


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(outbound, "is_public", lambda address: True)
    with Hook() as service:
        yield service


def test_a_post_carries_the_messages_id(hook: Hook) -> None:
    notify.http(url=f"{hook.url}/x", payload={"text": "hello"})
    assert outbox.deliver() == 1
    (asked,) = hook.asked
    assert (asked.method, asked.path, orjson.loads(asked.body)) == ("POST", "/x", {"text": "hello"})
    assert (asked.headers["content-type"], asked.headers["keyosk-message"]) == ("application/json", str(OutboxMessage.objects.get().pk))


def test_a_post_that_is_not_taken_is_tried_again(hook: Hook) -> None:
    hook.status = 500
    notify.http(url=f"{hook.url}/x", payload={})
    assert outbox.deliver() == 0
    row = OutboxMessage.objects.get()
    assert (row.state, row.error) == ("waiting", "NotDelivered: answered 500")


def test_an_inner_address_is_never_called() -> None:
    notify.http(url="http://169.254.169.254/latest", payload={})
    outbox.deliver()
    assert OutboxMessage.objects.get().error.startswith("RefusedAddress: ")
