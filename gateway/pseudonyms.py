"""Names under which vendors know end users: keyed digests, stable for a customer and for each user that a customer names.

Nobody can go back from one to the other, and the users of two customers stay apart even where both call theirs `1`.
"""

from __future__ import annotations

from dataclasses import replace

from channels_app import end_users
from channels_app.contract import Call, ChannelFacts
from foundation import vault


def under(call: Call, channel: ChannelFacts, *, member: int) -> Call:
    """Return the call as the channel's vendor may know it: with a digest of 64 characters where the channel wants one."""
    if not end_users.are_hashed(channel):
        return call
    return replace(call, end_user=vault.digest(f"{member}:{end_users.named(call)}", purpose="end-user"))
