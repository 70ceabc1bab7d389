"""What a partner's row can say: how its visitors draw, and whose visit counts."""

from enum import StrEnum


class Pool(StrEnum):
    """What a partner's visitors get once no code that is reserved for them is left in a tier."""

    BORROW = "borrow"  # one of those for everybody
    LOSE = "lose"  # nothing: to them the tier is empty, and its own rule says what then


class Touch(StrEnum):
    """Which partner an entry counts for, when its person came over several links."""

    LAST = "last"
    FIRST = "first"


TOUCH_HOURS = range(25)  # visitors are known again on the day of a visit and the next; longer, nobody is
