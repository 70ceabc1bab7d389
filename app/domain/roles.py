"""What staff may do: viewer < editor < admin."""

from enum import StrEnum


class Role(StrEnum):
    """A staff account's role; a higher role may do all that a lower one may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    ADMIN = "admin"

    def covers(self, needed: "Role") -> bool:
        """True when this role may do what `needed` may do."""
        order = tuple(Role)
        return order.index(self) >= order.index(needed)
