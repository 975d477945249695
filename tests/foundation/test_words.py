"""Words are found by their beginnings, Chinese characters one by one; common words find the newest rows, all by an index."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import Tenant, User
from foundation import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, int]:
    names = ("Ann Lee", "张三丰", "O'Neill-Smith", "50% off_now")
    rows = [User.objects.create(email=f"{place}@tea.test", name=name) for place, name in enumerate(names)]
    return dict(zip(names, (row.pk for row in rows), strict=True))


def found(typed: str) -> list[str]:
    rows = words.find(User.objects.all(), typed, by=((User, "pk"),))
    return sorted(rows.values_list("name", flat=True))


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("ann", ["Ann Lee"]),
        ("LEE ann", ["Ann Lee"]),
        ("an le", []),
        ("lee an", ["Ann Lee"]),
        ("三丰", ["张三丰"]),
        ("张", ["张三丰"]),
        ("张四", []),
        ("neill", ["O'Neill-Smith"]),
        ("o'neill smi", ["O'Neill-Smith"]),
        ("50%", ["50% off_now"]),
        ("now", ["50% off_now"]),
        ("2@tea", ["O'Neill-Smith"]),
        ("'&|!:*", []),
        ("\\", []),
    ],
)
def test_words_are_found(typed: str, names: list[str]) -> None:
    assert found(typed) == names


@pytest.mark.usefixtures("people")
def test_a_common_word_finds_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "NEWEST", 2)
    monkeypatch.setattr(words, "COMMON", 2)
    assert found("tea") == ["50% off_now", "O'Neill-Smith"]
    assert found("ann") == ["Ann Lee"]


def test_the_index_is_used() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "words_of_people" in words.matching(User.objects.all(), "ann").explain()


def test_a_model_without_an_index_is_refused() -> None:

    with pytest.raises(LookupError, match="Tenant has no index over words"):
        words.matching(Tenant.objects.all(), "x")
