"""The processes of one Keyosk."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.start import children, preflight
from console.start.children import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(root=tmp_path, var=tmp_path / "var", relays=2, pages=3, relay_grace_seconds=7)


def test_relays_share_one_inherited_socket(layout: Layout) -> None:
    with preflight.listen("127.0.0.1", 0) as listener:
        relays = children.relays(layout, listener)
        assert [child.name for child in relays] == ["relay-1", "relay-2"]
        for child in relays:
            assert child.pass_fds == (listener.fileno(),)
            assert child.argv[child.argv.index("--fd") + 1] == str(listener.fileno())
            assert child.argv[child.argv.index("--grace") + 1] == "7"
            assert child.stop_limit_seconds > 7
            assert child.env is not None
            assert child.env.items() >= {**children.MEMORY, "KEYOSK_VAR_DIR": str(layout.var)}.items()


def test_every_own_process_knows_var_and_the_pages_socket(layout: Layout) -> None:
    workers = children.workers(layout)
    assert [child.name for child in workers] == ["pages", "flusher", "worker", "beat"]
    for child in workers:
        assert child.env is not None
        assert child.env["KEYOSK_VAR_DIR"] == str(layout.var)
        assert child.env["KEYOSK_PAGES_SOCKET"] == str(layout.pages_socket)


def test_pages_run_in_as_many_processes_as_asked(layout: Layout) -> None:
    pages = next(child for child in children.workers(layout) if child.name == "pages")
    assert pages.argv[pages.argv.index("--workers") + 1] == "3"


def test_pages_socket_is_short_however_deep_the_folder(tmp_path: Path) -> None:
    deep = Layout(root=tmp_path, var=tmp_path / ("x" * 200) / "var", relays=1, pages=1, relay_grace_seconds=1)
    assert len(str(deep.pages_socket)) < 100


def test_pages_that_are_not_there_do_not_answer(layout: Layout) -> None:
    assert children.workers(layout)[0].ready() is False
