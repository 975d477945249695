"""Bring all processes up on one machine."""
