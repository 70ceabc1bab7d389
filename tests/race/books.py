"""What the database says after a race."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.models import Award, Code, CodeStatus, Entrant, Entry, SpentChallenge
from app.services.check import check
from tests.support.factories import VAULT


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


def broken_promises(engine: Engine) -> list[str]:
    """What `flask prizewell check` finds wrong: nothing, if all went well."""
    with Session(engine) as session:
        return [f"{finding.name}: {finding.detail}" for finding in check(session, VAULT) if not finding.ok]
