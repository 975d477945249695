"""QR codes stand in the page itself, black on white with a quiet zone."""

from __future__ import annotations

from urllib.parse import unquote

import segno

from foundation import qr


def test_it_is_a_picture_without_any_address() -> None:
    uri = qr.data_uri("https://shop.test/r/abcd2345/")
    assert uri.startswith("data:image/svg+xml;")
    drawn = unquote(uri)
    assert "fill='#fff'" in drawn
    assert "stroke='#000'" in drawn
    side = segno.make("https://shop.test/r/abcd2345/", error="m", micro=False).symbol_size(border=4)[0]
    assert f"viewBox='0 0 {side} {side}'" in drawn
    assert "style=" not in drawn
