"""Zhipu's GLM by its interface v4, which speaks like OpenAI. Abroad it is Z.ai, with keys of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app import bounds, codes
from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic, fit, messages_changed, rewritten
from channels_app.operations import embeddings
from channels_app.provider import Field, Provider, gettext_noop

_INSIDE = (bounds.LEAST, 0.99)  # the vendor refuses both ends of 0 … 1
_MOST_TEXTS = 64


class Zhipu(Provider):
    slug = "zhipu"
    label = "Zhipu GLM (v4)"
    base_url = "https://open.bigmodel.cn/api/paas/v4"
    key_parts = (
        Field(
            "key",
            gettext_noop("API key"),
            is_secret=True,
            is_required=True,
            help=gettext_noop(
                "Written id.secret. Not the key of a coding plan: Zhipu forbids to resell those, and blocks them (code 1313)."
            ),
        ),
    )
    default_models = ("glm-4-plus", "glm-4-air", "glm-4-flash")
    operations = frozenset({"chat", "embeddings", "images"})
    codes = codes.ZHIPU

    def end_user(self, channel: ChannelFacts) -> str:
        return "user_id"

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        """Keep temperature and top_p inside (0, 1), stop a list, pictures bare base64; who asks for a picture is `user_id`;
        refuse more texts to embed than it takes at once."""
        if call.operation == "embeddings":
            embeddings.check_number(call, _MOST_TEXTS)
        if call.operation == "images":
            return fit(encoded, renames={"user": "user_id"})
        if call.operation != "chat":
            return encoded
        chat = call.chat
        changes: dict[str, Any] = bounds.changed(chat, temperature=_INSIDE, top_p=_INSIDE)
        if "temperature" in changes and chat["temperature"] <= 0:
            changes["do_sample"] = False
        if isinstance(chat.get("stop"), str):
            changes["stop"] = [chat["stop"]]
        return classic(rewritten(encoded, changes | messages_changed(chat.get("messages") or (), _bare_pictures)))


def _bare_pictures(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    if not isinstance(content, list) or not any(map(_is_data, content)):
        return message
    return {**message, "content": [_bare(part) if _is_data(part) else part for part in content]}


def _is_data(part: object) -> bool:
    picture = part.get("image_url") if isinstance(part, Mapping) else None
    return isinstance(picture, Mapping) and str(picture.get("url", "")).startswith("data:image")


def _bare(part: Mapping[str, Any]) -> dict[str, Any]:
    picture = part["image_url"]
    return {**part, "image_url": {**picture, "url": picture["url"].partition("base64,")[2]}}
