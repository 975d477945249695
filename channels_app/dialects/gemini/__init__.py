"""Google's Gemini protocol (generateContent), as upstream speaks it and as clients do.

Source: https://ai.google.dev/api/generate-content. Upstream is always asked for events (`alt=sse`); a client that does not ask
for them gets the stream as one JSON array, as Google sends it.
"""

from channels_app.dialects.gemini.client import GeminiClient
from channels_app.dialects.gemini.vendor import GeminiVendor

VENDOR = GeminiVendor()
CLIENT = GeminiClient()
