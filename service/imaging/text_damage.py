"""Whether a file of coded bytes was copied as if it were a text: its line ends were changed.

A copy in text mode (FTP, `git` with `autocrlf`, a file that is opened without `b` on Windows) adds, drops or replaces
the bytes CR and LF. In a JPEG nothing else shows that: what follows is decoded as another picture.
"""

from typing import Final

MANY, VARIED = 48, 32
"""How often a byte must stand in the half of the file that is looked at, and before how many different ones, for the
absence of the other to be no chance. Where coded pixels repeat, a byte may be missing, and the other comes often, but
before few: 14 at most in 1,800 photos, drawings and gradients of qualities from 5 to 100."""
FEW: Final = 16
"""The same for LFs that all stand behind a CR."""
PAIRS: Final = 24
"""Pairs CR, LF that chance would give, for their absence to be none."""


def had_line_ends_changed(data: bytes) -> bool:
    """Whether the second half of a picture's file, in which hardly anything but coded pixels lies, has been through a
    conversion of line ends: LF to CR LF or the reverse, or one of the two bytes replaced or dropped.

    A sound file of 100 kB is known by its first few hundred bytes. Of fewer than some 25 kB, and of CR LF that became
    LF in fewer than some 3 MB, the damage is not seen.
    """
    start = len(data) // 2
    has_cr, has_lf = (data.find(byte, start) >= 0 for byte in (b"\r", b"\n"))
    if not has_cr or not has_lf:
        return _is_varied(data, start, b"\n" if has_lf else b"\r", MANY, VARIED)
    if not _has_lone_lf(data, start):
        return _is_varied(data, start, b"\n", FEW, FEW)
    if (len(data) - start) >> 16 < PAIRS or data.find(b"\r\n", start) >= 0:
        return False
    return data.count(b"\r", start) * data.count(b"\n", start) > PAIRS * (len(data) - start)


def _has_lone_lf(data: bytes, start: int) -> bool:
    """Whether there is an LF that no CR stands before."""
    place = data.find(b"\n", start)
    while place >= 0 and data[place - 1] == ord("\r"):
        place = data.find(b"\n", place + 1)
    return place >= 0


def _is_varied(data: bytes, start: int, byte: bytes, often: int, followers: int) -> bool:
    """Whether a byte comes often, and before so many different ones."""
    if data.count(byte, start) < often:
        return False
    return len({piece[:1] for piece in data[start:].split(byte)[1:]}) >= followers
