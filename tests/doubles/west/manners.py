"""The vendors' manners, after their documents and SDKs: where they are, what they refuse, how they answer, count and fail."""

from __future__ import annotations

from tests.doubles.west import aggregators, hosts, others
from tests.doubles.west.service import Manners

TABLE: dict[str, Manners] = {one.slug: one for one in (*aggregators.ALL, *hosts.ALL, *others.ALL)}
