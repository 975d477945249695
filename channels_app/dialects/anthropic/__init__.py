"""Anthropic's Messages protocol, as upstream speaks it and as clients do.

Source: https://docs.claude.com/en/api/messages and its streaming page. Upstream's version is 2023-06-01 unless the channel's
option `anthropic_version` names another; a client that speaks this protocol brings its own, and its `anthropic-beta`.
"""

from channels_app.dialects.anthropic.client import AnthropicClient
from channels_app.dialects.anthropic.vendor import AnthropicVendor

VENDOR = AnthropicVendor()
CLIENT = AnthropicClient()
