"""Tell a tenant's staff what happened, by the messenger they chose: one presets table, credentials only at delivery.

Wire shapes: Telegram `sendMessage`, Bark `POST /push`, ServerChan `POST /<key>.send`, WeCom group robots, plain JSON.
"""

from __future__ import annotations

import urllib.parse
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import NotificationTarget
from accounts.models.hooks import EventKind
from foundation import notify, outbound, outbox, vault

TOPIC = "accounts.notice"
TIMEOUT_SECONDS = 10.0
_WITH_CREDENTIAL = ("telegram", "bark", "serverchan", "wecom")
_WITH_ADDRESS = ("email", "telegram", "http")
_CALLED = ("http", "bark")
# Where the services are; Bark's server may be one's own.
SERVICES = {
    "telegram": "https://api.telegram.org", "bark": "https://api.day.app", "serverchan": "https://sctapi.ftqq.com",
    "wecom": "https://qyapi.weixin.qq.com",
}  # fmt: skip
# In which field of its answer a service says whether it took the message, and what it says when it did.
_TAKEN: dict[str, tuple[str, object]] = {
    "telegram": ("ok", True), "bark": ("code", 200), "serverchan": ("code", 0), "wecom": ("errcode", 0),
}  # fmt: skip
# The longest texts the services take, in characters and (WeCom) bytes.
_TELEGRAM_MOST, _WECOM_MOST = 4096, 2048
Request = tuple[str, dict[str, Any]]


class NotTold(Exception):
    """The service did not take the message; it is tried again."""


def seal(credential: str) -> str:
    """Return a target's credential as it is kept."""
    return vault.seal(credential, context="notice") if credential else ""


def problems(*, preset: str, address: str, has_credential: bool) -> dict[str, str]:
    """Return what keeps a target from being told, by the field to correct; empty when nothing does."""
    found = {}
    if preset in _WITH_CREDENTIAL and not has_credential:
        found["credential"] = _("This service needs one.")
    if preset in _WITH_ADDRESS and not address:
        found["address"] = _("This service needs one.")
    if preset in _CALLED and address:
        try:
            outbound.check_address(address, allow_private=False)
        except outbound.OutboundError as error:
            found["address"] = str(error)
    return found


def send(*, target: NotificationTarget, kind: str, data: Mapping[str, Any], event: uuid.UUID) -> None:
    """Write a notice in the caller's transaction; one per event and target."""
    outbox.put(topic=TOPIC, payload={"target": target.pk, "kind": kind, "data": dict(data)}, key=f"notice:{target.pk}:{event}")


def text(*, kind: str, data: Mapping[str, Any], language: str) -> tuple[str, str]:
    """Return a notice's title and lines in a language."""
    with translation.override(language):
        title = str(EventKind(kind).label) if kind in EventKind.values else kind
        return title[:1].upper() + title[1:], "\n".join(f"{name}: {value}" for name, value in data.items()) or _("It works.")


@outbox.handler(TOPIC)
def deliver(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """Tell one target; anything but 2xx is tried again."""
    target = NotificationTarget.objects.select_related("tenant").filter(pk=payload["target"], is_active=True).first()
    if target is None:
        return
    shop = target.tenant
    title, body = text(kind=payload["kind"], data=payload["data"], language=shop.language)
    title = f"[{shop.name}] {title}"
    if target.preset == NotificationTarget.Preset.EMAIL:
        context = {"title": title, "body": body}
        notify.email(
            to=target.address,
            template="notice",
            context=context,
            language=shop.language,
            sender_name=shop.name,
            account=shop.pk,
            key=f"notice:{message_id}",
        )
        return
    credential = vault.unseal(target.sealed, context="notice") if target.sealed else ""
    url, told = _PRESETS[target.preset](target.address, credential, title, body)
    answer = outbound.request(
        "POST", url, headers=[("Content-Type", "application/json")], content=orjson.dumps(told), timeout_seconds=TIMEOUT_SECONDS
    )
    if not 200 <= answer.status < 300:
        raise NotTold(f"answered {answer.status}")
    _check(target.preset, answer.body)


def _check(preset: str, body: bytes) -> None:
    """Raise NotTold where a service says in its answer that it did not take the message: most do so with a 200."""
    if preset not in _TAKEN:
        return
    name, good = _TAKEN[preset]
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return  # taken by its status; a proxy may have shortened the rest
    if isinstance(told, dict) and told.get(name, good) != good:
        words = next((told[key] for key in ("errmsg", "message", "description", "error") if told.get(key)), "")
        raise NotTold(f"answered {name}={told[name]} {words}"[:200])


def _telegram(chat: str, token: str, title: str, body: str) -> Request:
    return f"{SERVICES['telegram']}/bot{token}/sendMessage", {"chat_id": chat, "text": f"{title}\n{body}"[:_TELEGRAM_MOST]}


def _bark(server: str, key: str, title: str, body: str) -> Request:
    return f"{(server or SERVICES['bark']).rstrip('/')}/push", {"device_key": key, "title": title, "body": body}


def _serverchan(_address: str, key: str, title: str, body: str) -> Request:
    return f"{SERVICES['serverchan']}/{urllib.parse.quote(key, safe='')}.send", {"title": title, "desp": body}


def _wecom(_address: str, key: str, title: str, body: str) -> Request:
    url = f"{SERVICES['wecom']}/cgi-bin/webhook/send?key={urllib.parse.quote(key, safe='')}"
    return url, {"msgtype": "text", "text": {"content": f"{title}\n{body}".encode()[:_WECOM_MOST].decode(errors="ignore")}}


def _http(url: str, _credential: str, title: str, body: str) -> Request:
    return url, {"title": title, "body": body}


_PRESETS: dict[str, Callable[[str, str, str, str], Request]] = {
    "telegram": _telegram,
    "bark": _bark,
    "serverchan": _serverchan,
    "wecom": _wecom,
    "http": _http,
}
