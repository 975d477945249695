"""A whole move: what is there afterwards works as it did there, to the µ$."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import RequestFactory, override_settings

from accounts import keys, signin
from accounts.models import ApiKey, AuditEvent, Membership, Origin, Tenant, User
from billing import audit, chart, codes, ledger, limits, openings, price_lists
from billing.models import Code, CodeBatch, Journal, LedgerAccount, Transfer
from channels_app.models import Channel
from console.movein import move, people
from console.movein.report import Report
from console.movein.sources import Unreadable
from tests.doubles import oneapi_database
from tests.doubles.oneapi_database import PASSWORD, Database

Foreign = Callable[..., tuple[Database, str]]

pytestmark = pytest.mark.django_db

HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptPasswordHasher",
]


def run(dsn: str, tenant: Tenant, *, product: str = "one-api", **options: Any) -> Report:
    settings = {"label": product, "steps": list(move.STEPS), "is_rehearsal": False, **options}
    return move.move(product=product, dsn=dsn, tenant=tenant, **settings)


def test_every_key_works_and_every_balance_is_equal(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=30, tokens=60, channels=5, codes=8)
    report = run(dsn, root_tenant)
    assert {row["what"]: row["moved"] for row in report.rows()} == {
        "prices": 4, "groups": 2, "people": 30, "sub-keys": 60, "codes": 6, "channels": 5,
    }  # fmt: skip
    origins = dict(Origin.objects.filter(kind="person").values_list("foreign_id", "local_id"))
    assert {n: ledger.balance(membership_id=origins[n]).available_micros for n in range(2, 31)} == {
        n: oneapi_database.person(n)["quota"] * 2 for n in range(2, 31)
    }
    found = {n: keys.recognise(keys.digest(oneapi_database.secret_of(n))) for n in range(1, 61)}
    assert {n: facts.membership_id for n, facts in found.items() if facts} == {n: origins[(n - 1) % 30 + 1] for n in range(1, 61)}
    assert (
        report.sums["in the source, µ$"]
        == report.sums["in wallets here, less debts, µ$"]
        == sum(oneapi_database.person(n)["quota"] * 2 for n in range(2, 31))
    )
    assert audit.run() == []


def test_symbolic_balances_of_staff_stay_behind_and_are_told(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=2)
    report = run(dsn, root_tenant)
    root = Origin.objects.get(kind="person", foreign_id=1)
    assert ledger.balance(membership_id=root.local_id).available_micros == 0
    assert Membership.objects.get(pk=root.local_id).role == "customer"
    told = [finding.text for finding in report.findings if finding.foreign_id == 1]
    assert told == [
        "root was staff there and is a customer here: invite them where they shall be staff",
        "root's balance of 1,000,000,000,000,000 µ$ stays behind (staff)",
    ]


def test_a_second_run_moves_only_what_is_new(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign(people=12, tokens=12, channels=3, codes=4)
    run(dsn, root_tenant)
    journals, rules = Journal.objects.count(), list(price_lists.current().values_list("pk", flat=True))
    again = run(dsn, root_tenant)
    assert {row["what"]: (row["moved"], row["known"]) for row in again.rows() if row["what"] != "groups"} == {
        "prices": (0, 4), "people": (0, 12), "sub-keys": (0, 12), "codes": (0, 3), "channels": (0, 3),
    }  # fmt: skip
    assert Journal.objects.count() == journals
    assert list(price_lists.current().values_list("pk", flat=True)) == rules
    database.insert("users", [oneapi_database.person(99, quota=7)])
    run(dsn, root_tenant)
    assert ledger.balance(membership_id=Origin.objects.get(kind="person", foreign_id=99).local_id).available_micros == 14


def test_a_rehearsal_tells_the_same_and_changes_nothing(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=12, tokens=12, channels=3, codes=4)
    rehearsed = run(dsn, root_tenant, is_rehearsal=True)
    assert (Origin.objects.count(), ApiKey.objects.count(), Channel.objects.count(), Code.objects.count()) == (0, 0, 0, 0)
    assert AuditEvent.objects.filter(action="movein").count() == 0
    moved = run(dsn, root_tenant)
    assert rehearsed.counts == moved.counts
    assert rehearsed.findings == moved.findings


def test_a_run_that_was_stopped_goes_on(foreign: Foreign, root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    database, dsn = foreign(people=9, tokens=9)
    monkeypatch.setattr(people, "chunks", lambda rows: ([row] for row in rows))
    broken = oneapi_database.person(10, username="x" * 40)
    database.insert("users", [broken])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openings, "open_balances", _stops_at(6, openings.open_balances))
        with pytest.raises(KeyboardInterrupt):
            run(dsn, root_tenant)
    assert Origin.objects.count() == 5
    run(dsn, root_tenant)
    assert Origin.objects.filter(kind="person").count() == 10
    assert Transfer.objects.filter(journal__kind="opening").count() == 9
    assert audit.run() == []


def _stops_at(number: int, verb: Callable[..., None]) -> Callable[..., None]:
    calls = iter(range(1, 1_000))

    def act(**values: Any) -> None:
        verb(**values)
        if next(calls) == number:
            raise KeyboardInterrupt

    return act


def test_people_sign_in_with_their_old_password_and_get_a_new_hash(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=10)
    run(dsn, root_tenant)
    user = User.objects.get(memberships__username="user10")
    assert (user.email, user.password[:10]) == (None, "bcrypt$$2a")
    request = RequestFactory().post("/")
    request.tenant = root_tenant  # type: ignore[attr-defined]  # as the middleware does
    with override_settings(PASSWORD_HASHERS=HASHERS):
        backend = signin.UsernameBackend()
        assert backend.authenticate(request, tenant_username="user10", password="wrong") is None
        assert backend.authenticate(request, tenant_username="user10", password=PASSWORD) == user
        user.refresh_from_db()
        assert user.password.startswith("argon2$")
        assert backend.authenticate(request, tenant_username="user10", password=PASSWORD) == user


def test_a_debt_comes_along_and_is_paid_by_what_comes_in(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign()
    database.insert("users", [oneapi_database.person(7, quota=-250)])
    report = run(dsn, root_tenant)
    member = Origin.objects.get(foreign_id=7).local_id
    assert ledger.balance(membership_id=member).available_micros == -500
    assert report.sums["in wallets here, less debts, µ$"] == -500
    ledger.transfer(
        kind="grant", key="g", src_id=chart.account(kind="issuer").pk, dst_id=ledger.wallet(membership_id=member).pk, amount=2_000
    )
    ledger.repay(membership_id=member)
    assert ledger.balance(membership_id=member).available_micros == 1_500
    assert ledger.balance_of(chart.receivable(membership_id=member)) == 0
    assert audit.run() == []


def test_a_reseller_brings_in_no_more_than_the_stock_covers(foreign: Foreign, tenant: Tenant) -> None:
    database, dsn = foreign()
    database.insert("users", [oneapi_database.person(2, quota=1_000), oneapi_database.person(3, quota=-50)])
    with pytest.raises(people.CannotMove, match="lacks 2,000 µ"):
        run(dsn, tenant, steps=["people"])
    assert Origin.objects.count() == 0
    stock = chart.account(kind="stock", tenant_id=tenant.pk)
    ledger.transfer(kind="wholesale", key="w", src_id=chart.account(kind="issuer").pk, dst_id=stock.pk, amount=2_500)
    run(dsn, tenant, steps=["people"])
    assert ledger.balance_of(stock) == 500
    assert ledger.balance(membership_id=Origin.objects.get(foreign_id=2).local_id).available_micros == 2_000
    assert audit.run() == []


def test_limits_of_keys_come_along(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign(people=1)
    rows = [
        oneapi_database.token(1, remain_quota=300, used_quota=200, unlimited_quota=False),
        oneapi_database.token(2, unlimited_quota=True, status=2),
        oneapi_database.token(3, expired_time=1_900_000_000, models="gpt-4o,gpt-4o-mini", subnet="10.0.0.0/8,192.0.2.7"),
        oneapi_database.token(4, subnet="office"),
        oneapi_database.token(5, user_id=77),
        oneapi_database.token(6, remain_quota=-5, used_quota=10, status=4, unlimited_quota=False),
    ]
    for row in rows:
        database.insert("tokens", [row])
    report = run(dsn, root_tenant, steps=["people", "keys"])
    made = {n: ApiKey.objects.filter(digest=keys.digest(oneapi_database.secret_of(n))).first() for n in range(1, 7)}
    assert limits.state(made[1].pk).of("key") == limits.Window("key", 400, 1_000, None)  # type: ignore[union-attr]
    assert limits.state(made[2].pk).windows == ()  # type: ignore[union-attr]
    assert limits.state(made[6].pk).left_micros == 0  # type: ignore[union-attr]
    assert [row.state if row else None for row in made.values()] == ["active", "disabled", "active", "disabled", None, "active"]
    third = made[3]
    assert third is not None
    assert (third.models_allowed, third.networks_allowed) == (["gpt-4o", "gpt-4o-mini"], ["10.0.0.0/8", "192.0.2.7/32"])
    assert third.expires_at is not None
    assert third.expires_at.timestamp() == 1_900_000_000
    assert [(finding.foreign_id, finding.text) for finding in report.findings if finding.kind == "sub-keys"] == [
        (5, "its owner is not there"),
        (4, "its list of networks cannot be understood: the key is paused"),
    ]


def test_a_secret_that_somebody_else_has_is_left_and_told(foreign: Foreign, root_tenant: Tenant, end_user: Membership) -> None:
    _, dsn = foreign(people=2, tokens=2)
    keys.issue(membership=end_user, name="mine", secret=oneapi_database.secret_of(2))
    report = run(dsn, root_tenant, steps=["people", "keys"])
    assert report.counts["sub-keys", "left"] == 1
    assert keys.by_secret(oneapi_database.secret_of(2)).membership == end_user  # type: ignore[union-attr]
    assert [finding.text for finding in report.findings if finding.kind == "sub-keys"] == ["somebody else has this key here"]


def test_clashes_of_names_and_addresses_are_solved_and_told(foreign: Foreign, root_tenant: Tenant, end_user: Membership) -> None:
    database, dsn = foreign()
    Membership.objects.create(tenant=root_tenant, user=User.objects.create_user(email="li@x.test"), username="li")
    database.insert(
        "users",
        [
            oneapi_database.person(2, username="li", email="one@moved.test"),
            oneapi_database.person(3, username="wu@home", email="one@moved.test"),
            oneapi_database.person(4, username="ann", email=str(end_user.user.email).upper()),
            oneapi_database.person(5, username="bad", email="no address"),
            oneapi_database.person(6, username="gone", status=3),
            oneapi_database.person(7, username="shut", status=2),
        ],
    )
    report = run(dsn, root_tenant, steps=["people"])
    found = {row.foreign_id: Membership.objects.select_related("user").get(pk=row.local_id) for row in Origin.objects.all()}
    assert {n: (row.username, row.user.email, row.state) for n, row in found.items()} == {
        2: ("li-2", "one@moved.test", "active"),
        3: ("wu_home", None, "active"),
        4: ("ann", end_user.user.email, "active"),
        5: ("bad", None, "active"),
        7: ("shut", "user7@moved.test", "blocked"),
    }
    assert found[4].user == end_user.user
    assert sorted(finding.text for finding in report.findings) == [
        "ann@shop.test is known here: joined to that person, whose password stays",
        "no address is no address: signs in by username",
        "one@moved.test belongs to somebody before: signs in by username",
        "the username li becomes li-2",
        "the username wu@home becomes wu_home",
    ]


def test_codes_are_redeemed_as_they_were_printed(foreign: Foreign, root_tenant: Tenant, platform_admin: Membership) -> None:
    _, dsn = foreign(people=1, codes=4)
    run(dsn, root_tenant, steps=["codes"])
    batch = CodeBatch.objects.get()
    assert (batch.units_micros, batch.count, batch.is_imported, batch.note) == (1_000_000, 3, True, "one-api: spring")
    done = codes.redeem(membership=platform_admin, code=oneapi_database.code_of(1).upper())
    assert done.units_micros == 1_000_000
    with pytest.raises(codes.Typo):
        codes.redeem(membership=platform_admin, code=oneapi_database.code_of(4))
    assert ledger.balance(membership_id=platform_admin.pk).available_micros == 1_000_000
    assert audit.run() == []


def test_channels_keep_their_vendor_models_and_state(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign(product="new-api")
    database.insert("channels", [
        oneapi_database.channel(1, type=25, name="kimi", base_url="", models="kimi-k2", model_mapping="", weight=5, tag="cn"),
        oneapi_database.channel(2, type=36, name="songs", tag=""),
    ])  # fmt: skip
    database.insert("channels", [
        oneapi_database.channel(3, type=1, name="kimi", key="sk-a\nsk-b", channel_info='{"is_multi_key": true}', status=2),
    ])  # fmt: skip
    report = run(dsn, root_tenant, product="new-api", steps=["channels"])
    made = {row.name: row for row in Channel.objects.filter(tenant=root_tenant)}
    assert {name: (row.provider, row.state, row.weight, row.tags) for name, row in made.items()} == {
        "kimi": ("moonshot", "enabled", 15, ["cn"]),
        "kimi (3)": ("openai", "disabled", 10, []),
    }
    assert made["kimi (3)"].keys.count() == 2
    assert dict(made["kimi (3)"].models.values_list("name", "upstream_name")) == {
        "gpt-4o-mini": "gpt-4o-mini",
        "gpt-4o": "gpt-4o-2024-11-20",
    }
    assert [finding.text for finding in report.findings] == ["songs: Suno has no counterpart here"]


def test_prices_and_groups_come_along(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign()
    run(dsn, root_tenant, steps=["prices"])
    rule = price_lists.current().get(book__tenant=root_tenant, pattern="gpt-4o")
    assert (rule.input, rule.output) == (2_500_000, 10_000_000)


def test_people_keys_and_prices_of_one_hub_come_along(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign(product="one-hub", people=5, channels=3)
    secret = "sk-" + "h" * 59
    database.insert("tokens", [oneapi_database.token(1, key=secret[3:], user_id=2, setting="{}")])
    run(dsn, root_tenant, product="one-hub")
    member = Origin.objects.get(kind="person", foreign_id=2).local_id
    assert keys.by_secret(secret).membership_id == member  # type: ignore[union-attr]
    assert ledger.balance(membership_id=member).available_micros == oneapi_database.person(2)["quota"] * 2
    assert {rule.pattern: (rule.input, rule.output, rule.per_call) for rule in price_lists.current()} == {
        "gpt-4o": (2_500_000, 10_000_000, None), "claude-x": (700_000, 800_000, None), "dall-e-3": (None, None, 40_000),
    }  # fmt: skip
    assert Channel.objects.filter(tenant=root_tenant).count() == 3
    assert audit.run() == []


@pytest.mark.parametrize(("product", "other"), [("one-api", "new-api"), ("new-api", "one-hub"), ("one-hub", "one-api")])
def test_the_other_product_is_told(foreign: Foreign, root_tenant: Tenant, product: str, other: str) -> None:
    _, dsn = foreign(product=product, people=1)
    with pytest.raises(Unreadable, match=f"looks like a database of {product}: say --source {product}"):
        run(dsn, root_tenant, product=other)


def test_a_label_stands_for_one_database(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=3)
    run(dsn, root_tenant)
    database, other = foreign()
    database.insert("users", [oneapi_database.person(n, username=f"else{n}", email="") for n in range(1, 4)])
    with pytest.raises(people.CannotMove, match="used for another database"):
        run(other, root_tenant)
    assert run(other, root_tenant, label="second", steps=["people"]).counts["people", "moved"] == 3


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_people_keep_every_key_and_every_micro_dollar(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=10_000, tokens=20_000, channels=50, codes=1_000)
    report = run(dsn, root_tenant)
    origins = dict(Origin.objects.filter(kind="person").values_list("foreign_id", "local_id"))
    wallets = dict(LedgerAccount.objects.filter(kind="wallet", tenant=root_tenant).values_list("owner", "balance"))
    expected = {n: oneapi_database.person(n)["quota"] * 2 for n in range(2, 10_001)}
    assert {n: wallets.get(origins[n], 0) for n in range(2, 10_001)} == expected
    assert report.sums["in wallets here, less debts, µ$"] == sum(expected.values())
    owners = dict(ApiKey.objects.values_list("digest", "membership_id"))
    assert {n: owners[keys.digest(oneapi_database.secret_of(n))] for n in range(1, 20_001)} == {
        n: origins[(n - 1) % 10_000 + 1] for n in range(1, 20_001)
    }
    assert Channel.objects.filter(tenant=root_tenant).count() == 50
    assert Code.objects.count() == 750
    assert audit.run() == []
