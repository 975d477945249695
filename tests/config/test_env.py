"""Typed readers of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import env


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("Yes", True), ("off", False), ("0", False), ("", True)])
def test_flag_reads_words(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv("PROBE", value)
    assert env.flag("PROBE", default=True) is expected


@pytest.mark.parametrize(
    ("value", "message"),
    [("many", "PROBE must be a whole number"), ("0", "PROBE must be at least 1")],
)
def test_bad_number_names_the_variable(monkeypatch: pytest.MonkeyPatch, value: str, message: str) -> None:
    monkeypatch.setenv("PROBE", value)
    with pytest.raises(env.BadSetting, match=f"^{message}$"):
        env.number("PROBE", 5, least=1)


def test_bad_flag_names_the_variable_but_not_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE", "perhaps")
    with pytest.raises(env.BadSetting, match=r"^PROBE must be 1 or 0$"):
        env.flag("PROBE", default=False)


def test_missing_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROBE", raising=False)
    with pytest.raises(env.BadSetting, match=r"^PROBE is not set$"):
        env.text("PROBE")


def test_seconds_are_not_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE", "2.5")
    assert env.seconds("PROBE", 1) == 2.5
    monkeypatch.setenv("PROBE", "-1")
    with pytest.raises(env.BadSetting, match=r"^PROBE must not be negative$"):
        env.seconds("PROBE", 1)


def test_names_are_split_and_stripped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE", " a, ,b ")
    assert env.names("PROBE") == ["a", "b"]


def test_secret_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("PROBE_FILE", str(tmp_path / "secret"))
    assert env.secret("PROBE") == "hush"
    monkeypatch.setenv("PROBE_FILE", str(tmp_path / "none"))
    with pytest.raises(env.BadSetting, match=r"^PROBE_FILE cannot be read: No such file or directory$"):
        env.secret("PROBE")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("Asia/Shanghai", "Asia/Shanghai"), ("", "UTC"), (":/etc/localtime", "UTC"), ("Nowhere/Land", "UTC"), ("/etc/passwd", "UTC")],
)
def test_zone_is_a_known_name_or_utc(monkeypatch: pytest.MonkeyPatch, value: str, expected: str) -> None:
    monkeypatch.setenv("PROBE", value)
    assert env.zone("PROBE") == expected
