"""01.AI (Yi), which speaks like OpenAI. Its error codes are not documented in public: status and words decide."""

from __future__ import annotations

from channels_app.contract import Call, ChannelFacts, Encoded
from channels_app.fitting import classic
from channels_app.provider import Provider


class LingYiWanWu(Provider):
    slug = "lingyiwanwu"
    label = "01.AI (Yi)"
    base_url = "https://api.lingyiwanwu.com/v1"
    default_models = ("yi-lightning", "yi-large")
    operations = frozenset({"chat"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return classic(encoded)
