"""Redemptions: only what was won is redeemed, no more often than it may be, and nothing that is void."""

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.models import Award, Code, Prize, Redemption, Replacement
from app.services.check.tally import Subject, Tally


def check_redemptions(session: Session, subject: Subject, tally: Tally) -> None:
    """The uses of each code add up; each redemption is of a code that its entry won in this campaign, and was
    told before that win became void.
    """
    _check_uses(session, subject, tally)
    _check_wins(session, subject, tally)


def _check_uses(session: Session, subject: Subject, tally: Tally) -> None:
    standing = case((Redemption.reversed_at.is_(None), Redemption.units), else_=0)
    taken = func.coalesce(func.sum(standing), 0).label("taken")
    query = (
        select(Code.id, Code.uses, Code.uses_left, taken)
        .join(Prize, Prize.id == Code.prize_id)
        .join(Redemption, Redemption.code_id == Code.id, isouter=True)
        .where(Prize.campaign_id == subject.id, Code.uses.is_not(None))
        .group_by(Code.id)
    )
    for row in session.execute(query.execution_options(yield_per=1000)):
        tally.expect(
            row.uses == row.uses_left + row.taken,
            f"code {row.id} has {row.uses_left} of {row.uses} uses left and {row.taken} are on record",
        )


def _check_wins(session: Session, subject: Subject, tally: Tally) -> None:
    own = Award.code_id == Redemption.code_id
    query = (
        select(
            Redemption.id,
            Redemption.created_at,
            Redemption.campaign_id,
            Redemption.prize_id,
            Code.uses,
            Award.campaign_id.label("won_in"),
            case((own, Award.prize_id), else_=Replacement.prize_id).label("won_prize_id"),
            case((own, Award.voided_at), else_=Replacement.voided_at).label("voided_at"),
        )
        .join(Code, Code.id == Redemption.code_id)
        .join(Award, Award.entry_id == Redemption.entry_id)
        .outerjoin(
            Replacement,
            (Replacement.code_id == Redemption.code_id) & (Replacement.entry_id == Redemption.entry_id),
        )
        .where(Redemption.campaign_id == subject.id)
    )
    for row in session.execute(query.execution_options(yield_per=1000)):
        tally.seen += 1
        name = f"redemption {row.id.hex}"
        tally.expect(row.uses is not None, f"{name} has used nothing of its code")
        tally.expect(
            row.won_prize_id == row.prize_id and row.won_in == row.campaign_id,
            f"{name} is not of the code that its entry won",
        )
        was_good = row.voided_at is None or row.created_at <= row.voided_at
        tally.expect(was_good, f"{name} is of a win that was void by then")
