"""Pictures of prizes: what one is called, and in which widths it is kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

WIDTHS = (320, 640, 1200)  # the last is the most a picture is kept in
MAX_TEXT = 48

_PICTURE = re.compile(r"([0-9a-f]{32})-([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)
_FILE = re.compile(r"([0-9a-f]{32})-[1-9]\d{0,4}\.webp", re.ASCII)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was taken in: `key` is the fingerprint of what is kept, the size that of the widest."""

    key: str
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.key}-{self.width}x{self.height}"

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths it is kept in, smallest first."""
        return (*(width for width in WIDTHS if width < self.width), self.width)

    def file_name(self, width: int) -> str:
        """What the file of that width is called."""
        return f"{self.key}-{width}.webp"

    @property
    def file_names(self) -> Iterator[str]:
        """All its files, smallest first."""
        return (self.file_name(width) for width in self.widths)


def read_picture(text: str) -> Picture | None:
    """The picture that `str` wrote down; None for anything else."""
    found = _PICTURE.fullmatch(text)
    return Picture(found[1], int(found[2]), int(found[3])) if found else None


def key_in(file_name: str) -> str | None:
    """The key of the picture a file belongs to; None for a name that is none of ours."""
    found = _FILE.fullmatch(file_name)
    return found[1] if found else None
