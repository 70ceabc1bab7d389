"""What one submission comes to: won, lost, held back or refused. Values, never exceptions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.domain.pictures import Picture


class AwardReason(StrEnum):
    """Why the tier awarded is what it is; stored with each entry."""

    HIT = "hit"  # the tier the ticket fell on
    FALLBACK = "fallback"  # that tier was empty, its fallback gave
    EMPTY = "empty"  # a tier was hit, nothing was left
    NO_WIN = "no_win"  # the ticket fell past the last tier
    BONUS = "bonus"  # nothing was drawn: a code for a friend, or for who brought one


class RefusalReason(StrEnum):
    """Why a submission was not taken. Stable words: they are part of the JSON answer."""

    ALREADY_ENTERED = "already_entered"
    ALREADY_ENTERED_TODAY = "already_entered_today"
    NOT_OPEN = "not_open"
    PAUSED = "paused"
    CLOSED = "closed"
    NONCE_USED = "nonce_used"
    CAPTCHA_INVALID = "captcha_invalid"
    CAPTCHA_EXPIRED = "captcha_expired"
    CAPTCHA_SPENT = "captcha_spent"
    FORM_CHANGED = "form_changed"  # another version of the form is shown now


@dataclass(frozen=True, slots=True)
class Won:
    """The entry won one unit: `code` is the unique code, shown to the winner only. A bonus was given for a
    friend, and not drawn.
    """

    entry: UUID
    tier: str
    prize: str
    code: str
    instructions: str
    artwork: str
    email: str
    at: datetime
    kind: Literal["won"] = "won"
    expires_at: datetime | None = None  # from when the code is no longer good
    picture: Picture | None = None  # in the place of the drawing
    link: str = ""  # where the winner goes next
    prize_id: UUID | None = None
    is_bonus: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """The entry was drawn and won nothing; `next_chance` says from when the person may enter again."""

    entry: UUID
    next_chance: datetime | None
    at: datetime
    kind: Literal["lost"] = "lost"


@dataclass(frozen=True, slots=True)
class Held:
    """The entry was drawn; what it came to is told once the address is proved.

    `prize` is what was won, where only the code is kept back; without one nothing of the outcome is in here.
    From `until` on, a code kept for somebody goes back into stock.
    """

    entry: UUID
    email: str
    at: datetime
    until: datetime
    prize: str = ""
    artwork: str = ""
    picture: Picture | None = None
    prize_id: UUID | None = None
    kind: Literal["held"] = "held"


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The entry won, and nobody proved the address in time: the code went back into stock, unseen."""

    entry: UUID
    prize: str
    at: datetime
    kind: Literal["lapsed"] = "lapsed"


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was drawn and nothing was stored. `next_chance` says from when the person may enter again,
    where it was for their entry of today.
    """

    reason: RefusalReason
    kind: Literal["refused"] = "refused"
    next_chance: datetime | None = None


Drawn = Won | Lost | Held | Lapsed
Outcome = Drawn | Refused
