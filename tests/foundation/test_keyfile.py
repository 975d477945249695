"""Secrets kept in files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from foundation import keyfile


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    place = tmp_path / "deep" / "secret.key"
    made = keyfile.read_or_make(place)
    assert len(made) == 64
    assert keyfile.read_or_make(place) == made
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert list(place.parent.iterdir()) == [place]


def test_unusable_place_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(keyfile.CannotKeep, match=r"secret\.key cannot be used: .*set KEYOSK_VAR_DIR") as caught:
        keyfile.read_or_make(tmp_path / "file" / "secret.key")
    assert "\n" not in str(caught.value)
