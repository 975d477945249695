"""The redeem page: signed in, through sign-in, and refused."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, Tenant, User
from billing import codes, ledger
from billing.models import LedgerAccount
from tests.billing.shop import FIVE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


@pytest.fixture
def code(root_tenant: Tenant) -> str:
    return codes.mint(tenant=root_tenant, units_micros=FIVE, count=1, offline=True).codes[0]


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "platform.test"})


def available(member: Membership) -> int:
    return ledger.balance(membership_id=member.pk).available_micros


def test_a_member_redeems_a_code(client: Client, platform_admin: Membership, code: str) -> None:
    client.force_login(platform_admin.user)
    answer = client.post("/redeem/", {"code": code}, follow=True)
    assert "$5.00 is in your wallet." in answer.content.decode()
    assert available(platform_admin) == FIVE
    assert "You had redeemed this code before" in client.post("/redeem/", {"code": code}, follow=True).content.decode()
    assert available(platform_admin) == FIVE


def test_a_redeemed_code_tells_the_balance_before_and_after(client: Client, platform_admin: Membership, root_tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    texts = codes.mint(tenant=root_tenant, units_micros=FIVE, count=3, offline=True, valid_days=30).codes
    told = client.post("/redeem/", {"code": texts[0]}, follow=True).content.decode()
    assert "Your wallet held $0.00 and holds $5.00 now." in told
    assert "Your wallet held" not in client.post("/redeem/", {"code": texts[0]}, follow=True).content.decode()
    page = client.post("/redeem/", {"code": "\n".join([*texts[1:], "SPRING"])}).content.decode()
    assert "Your wallet held $5.00 and holds $15.00 now." in page
    for lot in LedgerAccount.objects.filter(kind="lot"):
        assert f'<time datetime="{lot.expires_at:%Y-%m-%dT%H:%M:%S}' in page
    assert page.count("<tr>") == 1 + 3


def test_credit_that_ends_says_when(client: Client, platform_admin: Membership, root_tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    minted = codes.mint(tenant=root_tenant, units_micros=5_000_000, count=1, offline=True, valid_days=30)
    page = client.post("/redeem/", {"code": minted.codes[0]}, follow=True).content.decode()
    (lot,) = LedgerAccount.objects.filter(kind="lot")
    assert f"$5.00 is in your wallet, until {lot.expires_at:%Y-%m-%d}." in page


def test_a_code_typed_before_signing_in_waits_outside_the_address(client: Client, platform_admin: Membership, code: str) -> None:
    EmailAddress.objects.create(user=platform_admin.user, email="operator@platform.test", verified=True, primary=True)
    answer = client.post("/redeem/", {"code": code})
    assert answer["Location"] == "/accounts/login/?next=/redeem/"
    assert code not in str(dict(client.session))
    assert code not in client.get("/redeem/").content.decode()
    client.post("/accounts/login/", {"login": "operator@platform.test", "password": "correct horse battery"})
    assert code in client.get("/redeem/").content.decode()
    client.post("/redeem/", {"code": code})
    assert available(platform_admin) == FIVE
    assert code not in client.get("/redeem/").content.decode()


def test_somebody_new_becomes_a_customer_by_redeeming(client: Client, root_tenant: Tenant, code: str) -> None:
    client.force_login(User.objects.create_user(email="new@example.test"))
    assert client.post("/redeem/", {"code": code}).status_code == 302
    assert available(Membership.objects.get(user__email="new@example.test", tenant=root_tenant)) == FIVE


def test_a_shop_by_invitation_takes_nobody_by_itself(client: Client, root_tenant: Tenant, code: str) -> None:
    root_tenant.sign_up = Tenant.SignUp.INVITE
    root_tenant.save(update_fields=["sign_up"])
    client.force_login(User.objects.create_user(email="new@example.test"))
    answer = client.post("/redeem/", {"code": code})
    assert answer.status_code == 422
    assert "does not take new customers" in answer.content.decode()
    assert not Membership.objects.filter(user__email="new@example.test").exists()


@pytest.mark.parametrize(
    ("code", "words"), [("PPP6A-ZNF8G-N94V8-6BT5Q", "not a whole code"), ("PPP6A-ZNF8G-N94V8-6BT5P", "not valid"), ("", "required")]
)
def test_refusals_are_told_at_the_field(client: Client, platform_admin: Membership, code: str, words: str) -> None:
    client.force_login(platform_admin.user)
    answer = client.post("/redeem/", {"code": code})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert available(platform_admin) == 0


def test_another_shops_code_is_refused_like_an_unknown_one(client: Client, stranger: Membership, code: str) -> None:
    elsewhere = Client(headers={"host": "elsewhere.test"})
    elsewhere.force_login(stranger.user)
    answer = elsewhere.post("/redeem/", {"code": code})
    assert answer.status_code == 422
    assert "not valid" in answer.content.decode()
    assert available(stranger) == 0


def batch(tenant: Tenant, count: int) -> list[str]:
    return codes.mint(tenant=tenant, units_micros=FIVE, count=count, offline=True).codes


def test_twenty_codes_at_once_are_all_redeemed(client: Client, platform_admin: Membership, root_tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    answer = client.post("/redeem/", {"code": "\r\n".join([*batch(root_tenant, 20), "", " "])})
    assert answer.status_code == 200
    assert [line.text for line in answer.context["lines"]] == ["$5.00 is in your wallet."] * 20
    assert available(platform_admin) == 20 * FIVE
    assert answer.context["form"]["code"].value() is None


def test_of_several_codes_only_those_not_redeemed_stay_in_the_form(client: Client, platform_admin: Membership, root_tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    first, second = batch(root_tenant, 2)
    unknown, typo = "PPP6A-ZNF8G-N94V8-6BT5P", "PPP6A-ZNF8G-N94V8-6BT5Q"
    answer = client.post("/redeem/", {"code": f"{first}\n{unknown}, {typo}；{second}"})
    assert answer.status_code == 422
    assert [line.text for line in answer.context["lines"]] == [
        "$5.00 is in your wallet.",
        "This code is not valid. Check it, or ask the shop where you bought it.",
        "This is not a whole code: a character is missing or wrong.",
        "$5.00 is in your wallet.",
    ]
    assert answer.context["form"]["code"].value() == f"{unknown}\n{typo}"
    assert answer.context["form"].errors["code"] == ["Not redeemed: 2 of 4. These stay here."]
    assert available(platform_admin) == 2 * FIVE


def test_a_paste_of_guesses_is_slowed_down_like_single_ones(client: Client, platform_admin: Membership, code: str) -> None:
    client.force_login(platform_admin.user)
    answer = client.post("/redeem/", {"code": "\n".join(["PPP6A-ZNF8G-N94V8-6BT5P"] * 6 + [code])})
    texts = [line.text.partition(".")[0] for line in answer.context["lines"]]
    assert texts == ["This code is not valid"] * 5 + ["Too many attempts"] * 2
    assert code in answer.context["form"]["code"].value()
    assert available(platform_admin) == 0


def test_more_than_twenty_codes_are_refused_and_stay(client: Client, platform_admin: Membership, root_tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    pasted = "\n".join(batch(root_tenant, 21))
    answer = client.post("/redeem/", {"code": pasted})
    assert answer.status_code == 422
    assert "21 codes are too many at once: send up to 20. None was redeemed yet." in answer.content.decode()
    assert answer.context["form"]["code"].value() == pasted
    assert available(platform_admin) == 0


def test_several_codes_wait_for_signing_in_as_well(client: Client, platform_admin: Membership, root_tenant: Tenant) -> None:
    pasted = batch(root_tenant, 2)
    assert client.post("/redeem/", {"code": "\n".join(pasted)}).status_code == 302
    EmailAddress.objects.create(user=platform_admin.user, email="operator@platform.test", verified=True, primary=True)
    client.post("/accounts/login/", {"login": "operator@platform.test", "password": "correct horse battery"})
    assert client.get("/redeem/").context["form"]["code"].value() == "\n".join(pasted)
