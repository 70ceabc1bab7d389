"""What the database says after a race."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.models import Award, Code, CodeStatus, Entrant, Entry, SpentChallenge


@dataclass(frozen=True, slots=True)
class Books:
    """Rows counted; `awarded` is how many different codes the awards name."""

    entries: int
    entrants: int
    spent: int
    awards: int
    awarded: int
    won: int
    free: int
    withdrawn: int


def read_books(engine: Engine) -> Books:
    """Count everything, on a connection of its own."""
    with Session(engine) as session:

        def rows(table: type) -> int:
            return session.scalar(select(func.count()).select_from(table)) or 0

        def codes(status: CodeStatus) -> int:
            return session.scalar(select(func.count()).where(Code.status == status)) or 0

        return Books(
            entries=rows(Entry),
            entrants=rows(Entrant),
            spent=rows(SpentChallenge),
            awards=rows(Award),
            awarded=session.scalar(select(func.count(Award.code_id.distinct()))) or 0,
            won=codes(CodeStatus.WON),
            free=codes(CodeStatus.FREE),
            withdrawn=codes(CodeStatus.WITHDRAWN),
        )


def awards_match_codes(engine: Engine) -> bool:
    """True when the codes that are won are exactly those that awards name."""
    with Session(engine) as session:
        won = set(session.scalars(select(Code.id).where(Code.status == CodeStatus.WON)))
        return won == set(session.scalars(select(Award.code_id)))
