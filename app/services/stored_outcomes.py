"""Stored outcomes: what an entry came to, read back, and how much of it may be told by now."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.eligibility import Window, next_chance
from app.domain.outcomes import AwardReason, Drawn, Held, Lapsed, Lost, Won
from app.domain.proof import Proof, deadline
from app.models import Award, AwardStatus, Campaign, Code, Entrant, Entry, Prize, Replacement


def is_replaced(session: Session, row: Any) -> bool:
    """Whether staff gave something in the place of a win that lapsed: they vouch for whom they give it to."""
    if row.lapsed_at is None:
        return False
    standing = select(Replacement.code_id).where(
        Replacement.entry_id == row.id, Replacement.status != AwardStatus.VOID
    )
    return session.scalar(standing) is not None


def as_outcome(row: Any, window: Window, *, is_replaced: bool = False) -> Drawn:
    """The outcome of one row of STORED, as far as it may be told. A win that was replaced is one."""
    if is_replaced:
        return _as_won(row)
    if row.proof is Proof.NEVER or row.proved_at is not None:
        return _as_told(row, window)
    if row.proof is Proof.CODE and row.lapsed_at is not None:
        return _as_told(row, window)
    told = _as_won(row) if row.code is not None else Lost(row.id, None, row.created_at)
    return held_back(told, row.email, deadline(row.created_at, row.proof_hours), row.proof)


def _as_told(row: Any, window: Window) -> Won | Lost | Lapsed:
    if row.code is None:
        return Lost(row.id, next_chance(window, row.created_at), row.created_at)
    if row.lapsed_at is not None:
        return Lapsed(row.id, row.prize_name, row.created_at)
    return _as_won(row)


def _as_won(row: Any) -> Won:
    return Won(
        row.id,
        row.tier_name,
        row.prize_name,
        row.code,
        row.instructions,
        row.artwork,
        row.email,
        row.created_at,
        expires_at=row.expires_at,
        picture=row.picture,
        link=row.link,
        prize_id=row.prize_id,
        is_bonus=row.reason is AwardReason.BONUS,
    )


def held_back(outcome: Won | Lost, email: str, until: datetime, proof: Proof) -> Held:
    """What is told of an outcome before the address is proved."""
    if proof is Proof.CODE and isinstance(outcome, Won):
        return Held(
            outcome.entry,
            email,
            outcome.at,
            until,
            outcome.prize,
            outcome.artwork,
            outcome.picture,
            outcome.prize_id,
        )
    return Held(outcome.entry, email, outcome.at, until)


STORED = (
    select(
        Entry.id,
        Entry.campaign_id,
        Entry.email,
        Entry.created_at,
        Entry.reason,
        Entry.proof,
        Entry.proved_at,
        Campaign.proof_hours,
        Entrant.email_key,
        Award.tier_name,
        Award.prize_id,
        Award.prize_name,
        Award.expires_at,
        Award.lapsed_at,
        Code.text.label("code"),
        Prize.instructions,
        Prize.artwork,
        Prize.picture,
        Prize.link,
    )
    .join(Entrant, Entrant.id == Entry.entrant_id)
    .join(Campaign, Campaign.id == Entry.campaign_id)
    .outerjoin(Award, Award.entry_id == Entry.id)
    .outerjoin(Code, Code.id == Award.code_id)
    .outerjoin(Prize, Prize.id == Award.prize_id)
)
