"""Chaos: the whole product under load while its parts are killed; afterwards every micro-dollar must be there."""
