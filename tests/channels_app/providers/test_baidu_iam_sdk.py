"""Baidu Cloud's own signer believes the scripted Baidu, whatever the order of the headers it names."""

from __future__ import annotations

import time
import urllib.request

import orjson
import pytest
from baidubce.auth.bce_credentials import BceCredentials
from baidubce.auth.bce_v1_signer import sign
from baidubce.utils import get_canonical_time

from tests.doubles import replies
from tests.doubles.china import baidu
from tests.doubles.china.baidu import Baidu

PATH = "/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/completions"


@pytest.mark.parametrize(("secret", "answered"), [(baidu.ACCESS_SECRET, True), ("wrong", False)])
@pytest.mark.parametrize("names", [{b"host", b"x-bce-date"}, {b"content-type", b"host", b"x-bce-date"}])
def test_the_vendors_signer_is_believed(names: set[bytes], secret: str, answered: bool) -> None:
    with Baidu() as vendor:
        now = time.time()
        host = vendor.origin.removeprefix("http://")
        headers = {b"Host": host, b"Content-Type": "application/json", b"x-bce-date": get_canonical_time(now)}
        made = sign(BceCredentials(baidu.ACCESS_KEY, secret), b"POST", PATH.encode(), headers, {}, now, 300, names)
        shown = {name.decode(): value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
        body = orjson.dumps({"messages": [{"role": "user", "content": "Hi"}]})
        asked = urllib.request.Request(vendor.origin + PATH, body, shown | {"Authorization": made.decode()})
        told = orjson.loads(urllib.request.urlopen(asked, timeout=10).read())
        assert told.get("result") == (replies.TEXT if answered else None)
        assert told.get("error_code") == (None if answered else 14)
