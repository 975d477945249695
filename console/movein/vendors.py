"""Which of our vendors a channel type of another product means. The numbers above 22 differ between the products.

None: there is no counterpart here (pictures by Midjourney, music, video, assistants that are no models).
"""

from __future__ import annotations

from collections.abc import Mapping

# Types that both have. 4, 6 … 9, 12, 13: resellers of the first days, OpenAI's protocol at an address that stands in the channel.
_BOTH: Mapping[int, str] = {
    1: "openai", 3: "azure", 6: "openai", 7: "openai", 8: "openai", 9: "openai", 10: "aiproxy", 11: "palm", 12: "openai", 13: "openai",
    14: "anthropic", 15: "baidu", 16: "zhipu", 17: "dashscope", 18: "spark", 19: "zhinao", 20: "openrouter", 22: "openai",
    23: "hunyuan_tc3", 24: "gemini", 25: "moonshot", 31: "lingyiwanwu", 33: "bedrock",
}  # fmt: skip
_ONE_API: Mapping[int, str] = {
    2: "openai", 4: "openai", 5: "openai_sb", 26: "baichuan", 27: "minimax", 28: "mistral", 29: "groq", 30: "ollama", 32: "stepfun",
    35: "cohere", 36: "deepseek", 37: "cloudflare", 39: "together", 40: "volcengine", 41: "openai", 42: "vertex", 44: "siliconflow",
    45: "xai", 47: "qianfan", 48: "spark_http", 49: "dashscope_compatible", 50: "openai", 51: "openai",
}  # fmt: skip
_NEW_API: Mapping[int, str] = {
    4: "ollama", 26: "zhipu", 27: "perplexity", 34: "cohere", 35: "minimax", 38: "jina", 39: "cloudflare", 40: "siliconflow",
    41: "vertex", 42: "mistral", 43: "deepseek", 44: "openai", 45: "volcengine", 46: "qianfan", 47: "openai", 48: "xai",
}  # fmt: skip
# The same up to 22, then numbers of its own.
_ONE_HUB: Mapping[int, str] = {
    **{kind: slug for kind, slug in _BOTH.items() if kind <= 22}, 2: "openai", 4: "openai", 5: "openai", 25: "gemini", 26: "baichuan",
    27: "minimax", 28: "deepseek", 29: "moonshot", 30: "mistral", 31: "groq", 32: "bedrock", 33: "lingyiwanwu", 36: "cohere",
    39: "ollama", 42: "vertex", 45: "siliconflow", 47: "jina",
}  # fmt: skip
TYPES: Mapping[str, Mapping[int, str]] = {"one-api": {**_BOTH, **_ONE_API}, "new-api": {**_BOTH, **_NEW_API}, "one-hub": _ONE_HUB}
# Where OpenAI's protocol is spoken at an address that those products know by heart.
ADDRESSES: Mapping[tuple[str, int], str] = {
    ("one-api", 41): "https://api.novita.ai/v3/openai",
    ("one-api", 51): "https://generativelanguage.googleapis.com/v1beta/openai",
    ("new-api", 44): "https://api.moka.ai/v1",
}
NAMES: Mapping[str, Mapping[int, str]] = {
    "one-api": {21: "AI Proxy library", 34: "Coze", 38: "DeepL", 43: "plain proxy", 46: "Replicate"},
    "new-api": {
        2: "Midjourney", 5: "Midjourney", 21: "AI Proxy library", 36: "Suno", 37: "Dify", 49: "Coze", 50: "Kling", 51: "Jimeng", 52: "Vidu",
        53: "Submodel", 54: "Doubao video", 55: "Sora", 56: "Replicate", 57: "Codex",
    },
    "one-hub": {
        21: "AI Proxy library", 23: "Tencent", 24: "Azure Speech", 34: "Midjourney", 35: "Cloudflare AI", 37: "Stability AI", 38: "Coze",
        40: "Hunyuan", 41: "Suno", 43: "Llama", 44: "Ideogram", 46: "Flux", 48: "rerank",
    },
}  # fmt: skip


def vendor(product: str, kind: int) -> str | None:
    """Return the slug of the vendor that a type means, or None."""
    return TYPES[product].get(kind)


def name(product: str, kind: int) -> str:
    """Return what a type without a counterpart is called there."""
    return NAMES[product].get(kind, f"type {kind}")
