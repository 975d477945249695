"""What is said of vendors is what the registry declares and the golden pairs prove."""

from __future__ import annotations

import json
from pathlib import Path

from tests.channels_app import golden
from tests.house import code


def test_the_book_of_proofs_is_what_the_pairs_prove() -> None:
    written = json.loads(code.text(Path("channels_app/verified.json")))
    assert written == golden.verified(), "run: python -m tests.channels_app.golden"


def test_the_providers_page_holds_the_printed_tables() -> None:
    written = code.text(Path("docs/providers.md"))
    assert golden.page(written) == written, "run: python -m tests.channels_app.golden"
