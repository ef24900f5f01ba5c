"""How fast something goes and how long it still takes, in words."""

from __future__ import annotations


def pace(done: int, total: int, seconds: float) -> str:
    """Return "done/total", with rate and time left once there is something to tell them from.

    >>> pace(1200, 6600, 60.0)
    '1200/6600, 20/s, 4 min 30 s left'
    >>> pace(3, 600, 60.0)
    '3/600, 0.05/s, 3 h 19 min left'
    >>> pace(0, 600, 60.0), pace(600, 600, 60.0)
    ('0/600', '600/600, 10/s')
    """
    if done <= 0 or seconds <= 0:
        return f"{done}/{total}"
    rate = done / seconds
    told = f"{done}/{total}, {rate:.2g}/s" if rate < 10 else f"{done}/{total}, {rate:.0f}/s"
    return told if done >= total else f"{told}, {_duration((total - done) / rate)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
