"""The management addresses of one-api and new-api, for tools made for them: balance widgets, key tools, nested relays."""
