"""Tokens, scopes and writes that are done once."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from accounts import access_tokens, tenants
from accounts.models import ApiKey, ApiReply, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
NEW = {"name": "phone"}


def test_a_repeated_write_is_done_once_and_answered_alike(end_user: Membership) -> None:
    call = program(end_user)
    first = call("POST", "keys/", NEW, idempotency_key="order-7")
    again = call("POST", "keys/", NEW, idempotency_key="order-7")
    assert first == again
    assert first[0] == 201
    assert ApiKey.objects.count() == 1
    assert first[1]["secret"] not in ApiReply.objects.get().sealed
    assert call("POST", "keys/", {"name": "other"}, idempotency_key="order-7")[0] == 409
    assert call("POST", "keys/", NEW, idempotency_key="order-8")[0] == 201


def test_a_number_of_any_length_in_the_body_is_no_fault_of_ours(end_user: Membership) -> None:
    assert program(end_user)("POST", "keys/", {**NEW, "unknown": 2**70}, idempotency_key="long")[0] == 201
    assert program(end_user)("POST", "keys/", {**NEW, "rpm": 2**70}, idempotency_key="longer")[0] == 400


def test_a_refused_write_leaves_nothing_and_may_be_tried_again(end_user: Membership) -> None:
    call = program(end_user)
    assert call("POST", "keys/", {"name": ""}, idempotency_key="k")[0] == 400
    assert not ApiReply.objects.exists()
    assert call("POST", "keys/", NEW, idempotency_key="k")[0] == 201


def test_two_people_may_use_the_same_idempotency_key(end_user: Membership, reseller_owner: Membership) -> None:
    answers = [program(member)("POST", "keys/", NEW, idempotency_key="k")[1]["id"] for member in (end_user, reseller_owner)]
    assert len(set(answers)) == 2


def test_a_token_does_no_more_than_its_scopes(end_user: Membership) -> None:
    call = program(end_user, scopes=("keys:read",))
    assert call("GET", "keys/")[0] == 200
    assert call("POST", "keys/", NEW)[0] == 403
    assert call("GET", "wallet/")[0] == 403


def test_scopes_of_staff_give_a_customer_nothing(end_user: Membership) -> None:
    call = program(end_user)
    assert [call("GET", path)[0] for path in ("customers/", "invitations/", "audit/", "tenants/")] == [404] * 4


@pytest.mark.parametrize("header", ["", "Bearer kp_nothing", "Basic x", "Bearer sk-x", "Bearer \xff"])
def test_without_a_token_there_is_nothing(client: Client, tenant: object, header: str) -> None:
    answer = client.get("/api/v1/keys/", headers={"host": "shop.test", "authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_token_ends_when_revoked_expired_or_its_owner_leaves(client: Client, end_user: Membership) -> None:
    def status(secret: str) -> int:
        return client.get("/api/v1/me/", headers={"host": "shop.test", "authorization": f"Bearer {secret}"}).status_code

    revoked, expired, blocked = (access_tokens.issue(membership=end_user, name="t", scopes=["account:read"]) for _ in range(3))
    assert [status(one.secret) for one in (revoked, expired, blocked)] == [200, 200, 200]
    access_tokens.revoke(token=revoked.token)
    type(expired.token).objects.filter(pk=expired.token.pk).update(expires_at=timezone.now())
    assert [status(one.secret) for one in (revoked, expired)] == [401, 401]
    tenants.set_state(membership=end_user, state=Membership.State.BLOCKED)
    assert status(blocked.secret) == 401


def test_a_token_of_another_shop_is_unknown_here_and_known_on_the_platform(end_user: Membership, stranger: Membership) -> None:
    assert program(end_user, host="elsewhere.test")("GET", "me/")[0] == 401
    status, told = program(end_user, host="platform.test")("GET", "me/")
    assert (status, told["shop"], told["customer"]) == (200, "teahouse", end_user.pk)


@pytest.mark.parametrize(
    ("language", "malformed", "missing", "unknown"),
    [
        ("en", "Some values are not valid: see the fields.", "There is no such thing here, or it is not yours.", "Send an access token"),
        ("zh-CN", "部分值无效：请见各字段。", "这里没有该对象，或它不属于您。", "请发送访问令牌"),
        ("zh-TW", "部分值無效：請見各欄位。", "這裡沒有該物件，或它不屬於您。", "請傳送存取權杖"),
    ],
)
def test_a_refusal_is_said_in_the_callers_language(
    end_user: Membership, client: Client, language: str, malformed: str, missing: str, unknown: str
) -> None:
    call = program(end_user)
    told = [call("POST", "keys/", {"name": ""}, accept_language=language)[1], call("GET", "keys/999999/", accept_language=language)[1]]
    assert [one["error"]["message"] for one in told] == [malformed, missing]
    assert [one["error"]["code"] for one in told] == ["invalid", "not_found"]
    answer = client.get("/api/v1/keys/", headers={"host": "shop.test", "accept-language": language})
    assert (answer.status_code, answer.json()["error"]["message"].startswith(unknown)) == (401, True)
