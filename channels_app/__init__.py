"""Upstreams: vendors, channels, health, upstream cost."""
