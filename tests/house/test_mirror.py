"""Every test module stands at the mirrored path of the code it tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import code


def mirrored(test: Path) -> list[Path]:
    """Return the places where the code of `tests/<room>/…/test_<module>[_<aspect>].py` may be, the exact one first."""
    folder = Path(*test.parts[1:-1])
    words = test.stem.removeprefix("test_").split("_")
    names = ["_".join(words[:count]) for count in range(len(words), 0, -1)]
    return [folder / name for name in names]


def has_code(test: Path) -> bool:
    return any((code.ROOT / f"{place}.py").is_file() or (code.ROOT / place).is_dir() for place in mirrored(test))


def test_each_test_module_has_its_code() -> None:
    tests = [path.relative_to(code.ROOT) for room in code.ROOMS for path in sorted((code.ROOT / "tests" / room).rglob("test_*.py"))]
    assert len(tests) > 0
    assert [str(test) for test in tests if not has_code(test)] == []


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("tests/foundation/test_ids.py", True),
        ("tests/foundation/test_supervisor_races.py", True),
        ("tests/foundation/test_nothing.py", False),
        ("tests/console/test_supervisor.py", False),
    ],
)
def test_a_stray_test_is_seen(test: str, expected: bool) -> None:
    assert has_code(Path(test)) is expected
