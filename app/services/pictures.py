"""Pictures of prizes and campaigns that nobody needs any more."""

from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.adapters.pictures import PictureStore
from app.models import Award, Campaign, Partner, Prize, Replacement
from app.services import looks

KEPT = timedelta(days=1)  # without a prize: a form with it may still be open


def forget_unused(session: Session, store: PictureStore, *, now: datetime) -> int:
    """Delete the pictures nothing shows and nobody has won with; returns how many."""
    old = store.keys(before=now - KEPT)
    unused = old - _used(session) if old else old
    for key in unused:
        store.remove(key)
    return len(unused)


def _used(session: Session) -> set[str]:
    is_shown = or_(
        Prize.removed_at.is_(None),
        exists().where(Award.prize_id == Prize.id),
        exists().where(Replacement.prize_id == Prize.id),
    )
    pictures = session.scalars(select(Prize.picture).where(is_shown))
    keys = {picture.key for picture in pictures if picture is not None}
    keys |= {picture.key for picture in session.scalars(select(Partner.picture)) if picture is not None}
    for campaign in session.scalars(select(Campaign)):
        theme = looks.theme_of(campaign)
        keys |= {picture.key for picture in (theme.logo, theme.hero) if picture is not None}
    session.rollback()
    return keys
