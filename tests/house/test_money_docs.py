"""Each promise about money names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house import code

NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", code.text(Path("docs/money.md")))


def test_the_tests_that_prove_the_promises_exist() -> None:
    assert len(NAMED) > 20
    assert [f"{path}::{name}" for path, name in NAMED if not re.search(rf"def {name}\(", code.text(Path(path)))] == []
