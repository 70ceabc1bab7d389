"""Counts: what is added up by quarters of an hour, and what partners' caps count, beside the entries."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.models import AuditRecord, Entry, Partner
from app.services import counts, partner_caps, partner_counts
from app.services.check.tally import Subject, Tally
from app.services.counts import SETTLED
from app.services.partner_counts import LinkCount


def check_counts(session: Session, subject: Subject, tally: Tally) -> None:
    """Each quarter that was added up, of the campaign and of its partners' links, beside its entries counted
    once more. How crowded networks were is not known any more: only that no more came from them than came.
    """
    slug = subject.campaign.slug
    stored = {(one.quarter, one.odds_version): one for one in counts.stored(session, subject.id)}
    fresh = {(one.quarter, one.odds_version): one for one in counts.recount(session, subject.id)}
    tally.seen += len(stored)
    for place in sorted(stored.keys() | fresh.keys()):
        holds = stored.get(place) == fresh.get(place)
        tally.expect(holds, f"{slug}: what was counted in quarter {place[0]} is not what came then")
    until = counts.counted_until(session, subject.id)
    by_link = {(one.partner_id, one.quarter): one for one in partner_counts.stored(session, subject.id)}
    came = {(one.partner_id, one.quarter): one for one in partner_counts.recount(session, subject.id, until)}
    tally.seen += len(by_link)
    for link in sorted(by_link.keys() | came.keys()):
        holds = _is_right(by_link.get(link), came.get(link))
        fault = f"{slug}: what partner {link[0].hex} brought in quarter {link[1]} is not what came then"
        tally.expect(holds, fault)


def _is_right(told: LinkCount | None, came: LinkCount | None) -> bool:
    if told is None or came is None:
        return False
    return replace(told, crowded=0) == came and told.crowded <= told.entries


def check_caps(session: Session, subject: Subject, tally: Tally) -> None:
    """Each partner with a cap: what it counts is what was won over the link.

    A win that was under way while somebody set the cap may be missing, and so may be one more than the cap.
    """
    query = select(Partner).where(Partner.campaign_id == subject.id, Partner.max_wins.is_not(None))
    for partner in session.scalars(query):
        tally.seen += 1
        missing = partner_caps.won(session, partner.id) - partner.wins
        holds = missing == 0 or 0 < missing <= _under_way(session, partner)
        fault = f"{subject.campaign.slug}: the cap of partner {partner.slug} counts {partner.wins:,} wins,"
        tally.expect(holds, f"{fault} {partner.wins + missing:,} were won over the link")


def _under_way(session: Session, partner: Partner) -> int:
    """How many wins over the link were stored about when staff changed the partner."""
    edits = select(AuditRecord.at).where(
        AuditRecord.campaign_id == partner.campaign_id,
        AuditRecord.action == "partner.edit",
        AuditRecord.subject == partner.slug,
    )
    around = [_around(at) for at in session.scalars(edits)]
    drawn = select(func.count()).where(Entry.partner_id == partner.id, Entry.tier_awarded_id.is_not(None))
    return session.scalar(drawn.where(or_(*around))) or 0 if around else 0


def _around(at: datetime) -> Any:
    return Entry.created_at.between(at - SETTLED, at + SETTLED)
