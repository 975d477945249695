"""Doors that need several rooms: admin sites, the console, commands."""
