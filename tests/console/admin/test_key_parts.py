"""Keys of several parts: a field for each, secrets never shown, the text of one-api taken whole."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Tenant
from channels_app import channels, selectors
from channels_app.models import Channel

pytestmark = pytest.mark.django_db

LIST = "/admin/channels_app/channel/"
APP, SECRET, KEY = "a1b2c3d4", "TESTapisecretTESTapisecret012345", "testapikey0123456789abcdef012346"


def _form(**more: object) -> dict[str, object]:
    common = {"name": "spark", "base_url": "", "served": "Spark-Lite", "groups": "default", "priority": "0", "weight": "1"}
    return common | {"key_order": "weighted", "is_watched": "on", "check_kind": "auto", "check_seconds": "300"} | more


def _stored() -> str:
    return selectors.load_one(Channel.objects.get().pk).keys[0].secret.reveal()


def test_each_part_has_a_field_in_the_vendors_own_words(operator: Client) -> None:
    form = operator.get(f"{LIST}add/?provider=spark").context["adminform"].form
    assert [(name, str(field.label)) for name, field in form.fields.items() if name.startswith("part_")] == [
        ("part_app_id", "APPID"),
        ("part_api_secret", "APISecret"),
        ("part_api_key", "APIKey"),
    ]


def test_the_parts_are_kept_as_one_and_secrets_show_on_no_page(operator: Client, root_tenant: Tenant) -> None:
    typed = _form(part_app_id=APP, part_api_secret=SECRET, part_api_key=KEY, tenant=root_tenant.pk)
    assert operator.post(f"{LIST}add/?provider=spark", typed).status_code == 302
    assert _stored() == f"{APP}|{SECRET}|{KEY}"
    page = operator.get(f"{LIST}{Channel.objects.get().pk}/change/").content.decode()
    assert (SECRET in page, KEY in page) == (False, False)
    assert (APP in page, "…2345" in page, "…2346" in page) == (True, True, True)


@pytest.mark.parametrize("field", ["part_app_id", "part_api_secret", "part_api_key"])
def test_the_whole_key_of_one_api_may_be_pasted_into_any_field(operator: Client, root_tenant: Tenant, field: str) -> None:
    operator.post(f"{LIST}add/?provider=spark", _form(tenant=root_tenant.pk, **{field: f"{APP}|{SECRET}|{KEY}"}))
    assert _stored() == f"{APP}|{SECRET}|{KEY}"


def test_one_part_is_replaced_alone_and_nothing_typed_changes_nothing(operator: Client, root_tenant: Tenant) -> None:
    channel = channels.add(name="spark", provider="spark", key=f"{APP}|{SECRET}|{KEY}", models=["Spark-Lite"])
    before = channel.keys.get().pk
    operator.post(f"{LIST}{channel.pk}/change/", _form(part_app_id=APP))
    assert channel.keys.get().pk == before
    operator.post(f"{LIST}{channel.pk}/change/", _form(part_app_id=APP, part_api_secret="another-secret"))
    assert _stored() == f"{APP}|another-secret|{KEY}"


def test_a_missing_part_is_an_error_of_its_field(operator: Client, root_tenant: Tenant) -> None:
    answer = operator.post(f"{LIST}add/?provider=spark", _form(part_app_id=APP, part_api_secret=SECRET, tenant=root_tenant.pk))
    assert list(answer.context["adminform"].form.errors) == ["part_api_key"]
    assert not Channel.objects.exists()


def test_a_part_that_is_not_required_may_stay_empty(operator: Client, root_tenant: Tenant) -> None:
    typed = _form(served="hunyuan-lite", part_secret_id="AKID-1", part_secret_key="secret-1", tenant=root_tenant.pk)
    operator.post(f"{LIST}add/?provider=hunyuan_tc3", typed)
    assert _stored() == "|AKID-1|secret-1"


def test_a_retired_vendors_channel_is_added_disabled_and_says_so(operator: Client, root_tenant: Tenant) -> None:
    typed = _form(served="chatglm_std", part_key="id.secret", tenant=root_tenant.pk)
    page = operator.post(f"{LIST}add/?provider=zhipu_v3", typed, follow=True).content.decode()
    assert Channel.objects.get().state == Channel.State.DISABLED
    assert "retired" in page


def test_the_form_of_zhipu_warns_of_plan_keys(operator: Client) -> None:
    assert "coding plan" in operator.get(f"{LIST}add/?provider=zhipu").content.decode()
