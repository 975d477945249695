"""The form of a channel speaks the reader's language, what vendors declare of their own included, and has a field for every option."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from accounts.models import Tenant
from channels_app import channel_settings, registry
from channels_app.models import Channel
from channels_app.provider import Field

pytestmark = pytest.mark.django_db

LIST = "/admin/channels_app/channel/"
# The vendors' own names for what they hand out are the same in every language.
_NAMES = {"APPID", "SecretId", "SecretKey", "APISecret", "APIKey", "APIPassword", "Secret key", "Access key"}
SECRET = "sk-upstream-very-secret-0042"


def texts() -> set[str]:
    """Return every label and help that a vendor or every channel shows."""
    found: set[str] = set()
    declared: list[Field] = list(channel_settings.FIELDS)
    for vendor in registry.providers().values():
        declared += [*vendor.fields, *vendor.key_parts]
        found.add(vendor.key_label)
    return (found | {text for field in declared for text in (field.label, field.help)}) - {""}


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_labels_and_help_of_every_vendor_are_translated(language: str) -> None:
    with translation.override(language):
        left = {text for text in texts() if gettext(text) == text}
    assert left <= _NAMES


def test_a_vendors_form_is_shown_in_the_readers_language(operator: Client) -> None:
    page = operator.get(f"{LIST}add/?provider=openrouter", headers={"accept-language": "zh-hans"}).content.decode()
    assert "站点地址" in page
    assert "文本补全" in page
    assert "Sent as HTTP-Referer" not in page


def test_how_texts_are_completed_is_chosen_in_the_form(operator: Client, root_tenant: Tenant) -> None:
    form = {"name": "west", "base_url": "", "served": "m", "groups": "default", "priority": "0", "weight": "1", "tenant": root_tenant.pk}
    form |= {"key": SECRET, "key_order": "weighted", "is_watched": "on", "check_kind": "auto", "check_seconds": "300"}
    refused = operator.post(f"{LIST}add/?provider=openai", form | {"option_completions": "neither"})
    assert "Text completions are native or chat, or empty." in refused.content.decode()
    assert not Channel.objects.exists()
    operator.post(f"{LIST}add/?provider=openai", form | {"option_completions": "native"})
    assert Channel.objects.get().options == {"completions": "native"}
