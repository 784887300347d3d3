"""A rectangle of whole pixels, or of whole cells of a grid."""

from math import ceil
from typing import NamedTuple, Self


class Box(NamedTuple):
    """Top-left corner and size."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> tuple[slice, slice]:
        """The rows and columns of the rectangle, to index an array with."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    def grown(self, across: int, down: int) -> Self:
        """The rectangle, grown on the left and right by ``across``, above and below by ``down``."""
        return self._replace(
            x=self.x - across, y=self.y - down, width=self.width + 2 * across, height=self.height + 2 * down
        )

    def widened(self, proportions: float) -> Self:
        """The rectangle, grown on both sides until its width is ``proportions`` times its height, rounded down."""
        across = max(0, int(self.height * proportions) - self.width)
        down = max(0, int(self.width / proportions) - self.height)
        return self.grown(across // 2, down // 2)

    def moved(self, across: int, down: int) -> Self:
        """The rectangle, moved to the right and down."""
        return self._replace(x=self.x + across, y=self.y + down)

    def aligned(self, step: int) -> Self:
        """The rectangle, grown until its edges lie on multiples of ``step``."""
        left, top = self.x // step * step, self.y // step * step
        right, bottom = (step * ceil(end / step) for end in (self.x + self.width, self.y + self.height))
        return self._replace(x=left, y=top, width=right - left, height=bottom - top)

    def reduced(self, reduction: int) -> Self:
        """The rectangle in a plane whose sides are ``reduction`` times shorter, rounded up; it must be aligned, or end
        where the plane does."""
        return self._replace(
            x=self.x // reduction, y=self.y // reduction,
            width=ceil(self.width / reduction), height=ceil(self.height / reduction),
        )  # fmt: skip

    def within(self, width: int, height: int) -> Self:
        """What of the rectangle lies in a plane of ``width``×``height``; nothing has a width or height of 0."""
        left, top = min(max(0, self.x), width), min(max(0, self.y), height)
        right, bottom = min(self.x + self.width, width), min(self.y + self.height, height)
        return self._replace(x=left, y=top, width=max(0, right - left), height=max(0, bottom - top))
