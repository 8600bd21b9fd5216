"""How often somebody asks."""

from __future__ import annotations

import time
from collections import deque

from limits import RateLimitItem

_MANY = 10_000
"""So many who asked are remembered before those are looked for that can be forgotten."""


class Rates:
    """A moving window for each who asks.

    The limiters of `limits` go by the time of day: when a clock is set back, they refuse until it has
    caught up. This goes by a clock that nobody sets.
    """

    def __init__(self, limit: RateLimitItem) -> None:
        self._amount, self._seconds = limit.amount, limit.get_expiry()
        self._asked: dict[str, deque[float]] = {}

    def wait(self, who: str) -> float:
        """Seconds until `who` may ask again; 0, and it counts, where that is now."""
        now = time.monotonic()
        if who not in self._asked and len(self._asked) >= _MANY:
            self._forget(now)
        times = self._asked.setdefault(who, deque(maxlen=self._amount))
        if len(times) == self._amount and times[0] + self._seconds > now:
            return times[0] + self._seconds - now
        times.append(now)
        return 0.0

    def _forget(self, now: float) -> None:
        self._asked = {who: times for who, times in self._asked.items() if times[-1] + self._seconds > now}
