"""What runs by itself over the API: for the platform's staff alone."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, Membership
from foundation import jobs, outbox
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
PATHS = ("task-runs/", "jobs/", "outgoing-messages/", "people/")


def test_the_platform_sees_runs_jobs_messages_and_people(platform_admin: Membership, end_user: Membership) -> None:
    jobs.claim(name="sweep", every_seconds=60)
    job = jobs.start(kind="import", total=10)
    jobs.progress(job, done=4)
    outbox.put(topic="nothing", payload={"address": "ann@shop.test"})
    call = program(platform_admin, host="platform.test")
    assert [(one["name"], one["every_seconds"], one["error"]) for one in call("GET", "task-runs/")[1]] == [("sweep", 60, "")]
    assert [(one["done"], one["total"]) for one in call("GET", "jobs/?state=waiting")[1]["results"]] == [(4, 10)]
    assert call("GET", f"jobs/{job.pk}/")[1]["kind"] == "import"
    [message] = call("GET", "outgoing-messages/?topic=nothing")[1]["results"]
    assert (message["state"], "ann@shop.test" in str(message)) == ("waiting", False)
    [person] = call("GET", "people/?email=Ann@shop.test")[1]["results"]
    assert [(one["customer"], one["shop"], one["role"]) for one in person["shops"]] == [(end_user.pk, end_user.tenant.slug, "customer")]


def test_shops_see_none_of_it(reseller_owner: Membership, end_user: Membership) -> None:
    for member in (reseller_owner, end_user):
        call = program(member)
        assert [call("GET", path)[0] for path in PATHS] == [404] * 4


def test_the_platform_puts_somebody_out(platform_admin: Membership, end_user: Membership, reseller_owner: Membership) -> None:
    path, call = f"people/{end_user.user_id}/", program(platform_admin, host="platform.test")
    assert call("PATCH", path, {"name": "Ann", "language": "zh-hans", "is_active": False})[1]["is_active"] is False
    end_user.user.refresh_from_db()
    assert (end_user.user.name, end_user.user.language, end_user.user.is_active) == ("Ann", "zh-hans", False)
    assert AuditEvent.objects.get(action="user.change").after == {"name": "Ann", "language": "zh-hans", "is_active": False}
    assert program(reseller_owner)("PATCH", path, {"is_active": True})[0] == 404
