"""Pictures by URL: where they may come from, how large they may be."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from channels_app import picture_fetch, pictures
from channels_app.pictures import PictureRefused
from tests.channels_app.test_pictures import png
from tests.doubles.replies import Reply
from tests.doubles.upstream import Upstream


@pytest.fixture
def host() -> Iterator[Upstream]:
    with Upstream() as started:
        yield started


async def test_a_picture_is_fetched_once_and_named_by_its_bytes_not_by_its_label(host: Upstream) -> None:
    """Gotcha 28: labels lie."""
    host.script(Reply((png(kind="JPEG"),), content_type="image/png"))
    url = f"{host.url}/a.png"

    found = await picture_fetch.fetch([url, url], allow_private=True)

    assert (found[url].mime, pictures.size_of(found[url].data)) == ("image/jpeg", (4, 3))
    assert len(host.requests) == 1
    assert "authorization" not in host.requests[0].headers


async def test_an_address_inside_is_refused(host: Upstream) -> None:
    with pytest.raises(PictureRefused, match="may not be fetched"):
        await picture_fetch.fetch([f"{host.url}/a.png"])
    assert host.requests == []


async def test_a_redirect_is_followed_and_checked_anew(host: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gotcha 28: the guard looks at every address on the way."""
    host.script(Reply((b"",), status=302, headers=(("location", "/v1/b.png"),)), Reply((png(),), content_type="image/png"))

    found = await picture_fetch.fetch([f"{host.url}/a.png"], allow_private=True)

    assert [picture.mime for picture in found.values()] == ["image/png"]
    assert [request.path for request in host.requests] == ["/v1/a.png", "/v1/b.png"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://x/", "/again"])
async def test_redirects_neither_leave_http_nor_go_on_for_ever(host: Upstream, target: str) -> None:
    host.script(*[Reply((b"",), status=302, headers=(("location", target),))] * 10)

    with pytest.raises(PictureRefused):
        await picture_fetch.fetch([f"{host.url}/a.png"], allow_private=True)
    assert len(host.requests) <= 4


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply((b"<svg xmlns='http://www.w3.org/2000/svg'/>",), content_type="image/svg+xml"), "no picture"),
        (Reply((b"secret",), status=404), "status 404"),
        (Reply((b"\x89PNG\r\n\x1a\n" + b"x" * (picture_fetch.MOST_BYTES + 1),), content_type="image/png"), "too large"),
    ],
)
async def test_what_is_no_picture_of_bounded_size_is_refused_without_its_text(host: Upstream, reply: Reply, message: str) -> None:
    host.script(reply)

    with pytest.raises(PictureRefused, match=message) as refused:
        await picture_fetch.fetch([f"{host.url}/a"], allow_private=True)
    assert "secret" not in str(refused.value)


async def test_data_urls_are_read_and_repaired() -> None:
    url = "data:image/jpg;base64," + base64.b64encode(png()).decode()

    found = await picture_fetch.fetch([url])

    assert found[url].mime == "image/png"
    assert found[url].data_url == url.replace("image/jpg", "image/png")
