"""OpenAI's Responses protocol, as upstream speaks it and as clients do; stateless towards upstreams that speak another.

Source: https://platform.openai.com/docs/api-reference/responses and its streaming page. What lies at one upstream (an earlier
response, a conversation, a file) only that upstream can go on with: other channels refuse it by name.
"""

from channels_app.dialects.responses.client import ResponsesClient
from channels_app.dialects.responses.vendor import ResponsesVendor

VENDOR = ResponsesVendor()
CLIENT = ResponsesClient()
