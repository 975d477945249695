"""What is said of vendors is what the registry declares and the golden pairs prove."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from channels_app import registry
from tests.channels_app import golden
from tests.house import code

GUIDES = sorted(path for path in (code.ROOT / "docs/channels").glob("*.md") if path.stem != "README")
# Those the product promises that are no mere OpenAI-compatible address.
GUIDED = {"openai", "azure", "palm", "vertex", "bedrock", "litellm", "oneapi", "openrouter", "huggingface", "deepbricks"}


def test_the_book_of_proofs_is_what_the_pairs_prove() -> None:
    written = json.loads(code.text(Path("channels_app/verified.json")))
    assert written == golden.verified(), "run: python -m tests.channels_app.golden"


def test_the_providers_page_holds_the_printed_tables() -> None:
    written = code.text(Path("docs/providers.md"))
    assert golden.page(written) == written, "run: python -m tests.channels_app.golden"


def test_the_vendors_that_need_a_guide_have_one() -> None:
    assert {path.stem for path in GUIDES} >= GUIDED & set(registry.providers())


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)
def test_a_guide_belongs_to_a_vendor(path: Path) -> None:
    assert path.stem.removesuffix(".zh") in registry.providers()
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("slug", sorted(GUIDED))
def test_a_guide_uses_the_labels_of_its_form(slug: str) -> None:
    vendor, text = registry.provider(slug), code.text(Path(f"docs/channels/{slug}.md"))
    assert text.startswith(f"# {vendor.label}\n")
    missing = [field.label for field in vendor.fields if f"**{field.label}**" not in text]
    assert missing == []
    assert f"**{vendor.key_label}**" in text
    if vendor.needs_address:
        assert "**base address**" in text.lower()


def test_every_guide_is_linked_from_a_list() -> None:
    pages = code.text(Path("docs/providers.md")).replace("](channels/", "](") + code.text(Path("docs/channels/README.md"))
    linked = set(re.findall(r"\]\(([a-z0-9_.]+)\.md\)", pages))
    assert {path.stem for path in GUIDES if not path.stem.endswith(".zh")} - linked == set()
