"""Alibaba Tongyi (Qwen) by its own interface DashScope. Keys belong to a region: abroad the base is dashscope-intl.aliyuncs.com."""

from __future__ import annotations

from channels_app import codes, dashscope_images, dashscope_texts
from channels_app.contract import Call, ChannelFacts, ChannelKey, Encoded
from channels_app.provider import Errand, Field, Provider, gettext_noop


class DashScope(Provider):
    slug = "dashscope"
    label = "Alibaba DashScope (native)"
    dialect = "dashscope"
    base_url = "https://dashscope.aliyuncs.com/api/v1"
    fields = (
        Field("workspace", gettext_noop("Workspace"), help=gettext_noop("Sent as X-DashScope-WorkSpace.")),
        Field("plugin", gettext_noop("Plugins"), help=gettext_noop("Sent as X-DashScope-Plugin.")),
    )
    default_models = ("qwen-plus", "qwen-max", "qwen-turbo")
    codes = codes.DASHSCOPE

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        dashscope_texts.check(call, channel)
        return encoded

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        named = (("x-dashscope-workspace", channel.options.get("workspace")), ("x-dashscope-plugin", channel.options.get("plugin")))
        return super().authorize(channel, key) + tuple((name, str(value)) for name, value in named if value)

    def follow(self, call: Call, body: bytes, *, ticket: bytes, asked: int) -> Errand | None:
        """Ask for a picture's task again, at this channel's own base: keys belong to a region."""
        found = dashscope_images.errand(body, asked) if call.operation == dashscope_images.OPERATION else None
        return Errand(*found) if found else None
