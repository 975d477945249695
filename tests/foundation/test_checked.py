"""Values are looked at before they are saved."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import LegalPage, Tenant
from foundation import checked

pytestmark = pytest.mark.django_db


def test_what_the_model_refuses_is_not_saved_and_what_is_not_named_stays(tenant: Tenant) -> None:
    row = LegalPage(tenant=tenant)
    checked.save(row, {"kind": "terms", "text": "one"})
    LegalPage.objects.filter(pk=row.pk).update(language="en")
    checked.save(row, {"text": "two"})
    with pytest.raises(ValidationError):
        checked.save(row, {"kind": "nonsense"})
    assert list(LegalPage.objects.values_list("kind", "text", "language")) == [("terms", "two", "en")]
