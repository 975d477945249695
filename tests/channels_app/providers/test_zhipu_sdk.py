"""Zhipu's own client believes the scripted Zhipu, with the key as it is and with tokens it makes itself."""

from __future__ import annotations

from typing import Any

import pytest
from zai import ZhipuAiClient
from zai.core import APIAuthenticationError

from tests.doubles import replies
from tests.doubles.china import zhipu
from tests.doubles.china.zhipu import Zhipu

MESSAGES = [{"role": "user", "content": "Hi"}]


def client_of(vendor: Zhipu, key: str, **more: Any) -> Any:
    return ZhipuAiClient(api_key=key, base_url=f"{vendor.origin}/api/paas/v4", **more)


@pytest.mark.parametrize("as_it_is", [True, False])
def test_the_vendors_client_is_answered(as_it_is: bool) -> None:
    with (
        Zhipu() as vendor,
        ZhipuAiClient(api_key=zhipu.KEY, base_url=f"{vendor.origin}/api/paas/v4", disable_token_cache=as_it_is) as client,
    ):
        whole = client.chat.completions.create(model="glm-4-flash", messages=MESSAGES, temperature=0.5)
        assert (whole.choices[0].message.content, whole.usage.total_tokens) == (replies.TEXT, 16)
        chunks = list(client.chat.completions.create(model="glm-4-flash", messages=MESSAGES, stream=True))
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == replies.TEXT
        assert (zhipu.KEY in vendor.requests[0].headers["authorization"]) is as_it_is
        assert vendor.refused == []


def test_a_wrong_key_is_refused_to_it_too() -> None:
    with Zhipu() as vendor, client_of(vendor, "a.b", max_retries=0) as client, pytest.raises(APIAuthenticationError):
        client.chat.completions.create(model="glm-4-flash", messages=MESSAGES)
