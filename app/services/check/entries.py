"""Entries: limits, nonces, and every stored outcome against the recomputed draw."""

from collections import Counter
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from app.domain.draw import draw, entry_commitment, past_the_end, redraw
from app.domain.eligibility import limit_period
from app.domain.identity import canonical_email
from app.domain.odds import OddsTable, TierOdds
from app.domain.outcomes import AwardReason
from app.domain.referrals import FRIENDS_PERIOD, bonus_period, further_number
from app.models import Award, Code, Entrant, Entry, Referral
from app.services import limits, odds
from app.services.bonuses import NO_COMMITMENT
from app.services.check.odds import parsed
from app.services.check.tally import Subject, Tally
from app.services.entries import award_reason, window_of


def check_limits(session: Session, subject: Subject, tally: Tally) -> None:
    """Nobody has two entries in one period, and each entry stands in the period of its moment."""
    for entrant_id, period in session.execute(
        select(Entry.entrant_id, Entry.period)
        .where(Entry.campaign_id == subject.id)
        .group_by(Entry.entrant_id, Entry.period)
        .having(func.count() > 1)
        .execution_options(yield_per=1000)
    ):
        when = f" on {period}" if period else ""
        tally.expect(False, f"entrant {entrant_id.hex} entered {subject.campaign.slug} more than once{when}")
    window = window_of(subject.campaign)
    query = select(Entry.id, Entry.entrant_id, Entry.period, Entry.created_at, Entry.reason).where(
        Entry.campaign_id == subject.id
    )
    earned, promised = _earned(session, subject.id)
    for entry in session.execute(query.execution_options(yield_per=1000)):
        tally.seen += 1
        if entry.reason is AwardReason.BONUS:
            fits = (entry.entrant_id, entry.period) in promised
            tally.expect(fits, f"entry {entry.id.hex} carries a code that no friend has brought")
            continue
        if entry.period.startswith("+"):
            fits = (entry.entrant_id, further_number(entry.period)) in earned
            tally.expect(fits, f"entry {entry.id.hex} is one that no friend has earned")
            continue
        fits = entry.period == limit_period(window, entry.created_at)
        tally.expect(fits, f"entry {entry.id.hex} counts for another day than its own")


def _earned(session: Session, campaign_id: UUID) -> tuple[set[tuple[UUID, int]], set[tuple[UUID, str]]]:
    """The further entries that friends have earned, by person and number; and the codes that were promised
    with them, by person and period.
    """
    credited = select(
        Referral.referrer_id, Referral.friend_id, Referral.number, Referral.bonus_tier_id
    ).where(Referral.campaign_id == campaign_id, Referral.number.is_not(None))
    earned: set[tuple[UUID, int]] = set()
    promised: set[tuple[UUID, str]] = set()
    for row in session.execute(credited):
        number = int(row.number or 0)
        earned.add((row.referrer_id, number))
        if row.bonus_tier_id is not None:
            promised |= {(row.referrer_id, bonus_period(number)), (row.friend_id, FRIENDS_PERIOD)}
    return earned, promised


def check_nonces(session: Session, subject: Subject, tally: Tally) -> None:
    """No nonce was drawn twice."""
    mine = Entry.campaign_id == subject.id
    tally.seen += session.scalar(select(func.count()).where(mine)) or 0
    repeated = select(Entry.nonce).where(mine).group_by(Entry.nonce).having(func.count() > 1)
    for nonce in session.scalars(repeated.execution_options(yield_per=1000)):
        tally.expect(False, f"nonce {nonce.hex()} of {subject.campaign.slug} was drawn more than once")


def check_entries(
    session: Session, subject: Subject, awards: Tally, draws: Tally, fallbacks: Tally, room: Tally
) -> None:
    """Everything about single entries, in one pass over them."""
    seed = subject.seed()
    given = Given(window_of(subject.campaign).zone)
    tables = _Tables(session, subject.id)
    query = _ENTRIES.where(Entry.campaign_id == subject.id).order_by(Entry.created_at, Entry.id)
    for row in session.execute(query.execution_options(yield_per=1000)):
        table = tables.get(row.odds_version)
        _check_award(row, awards)
        if row.reason is not AwardReason.BONUS:
            _check_draw(row, seed, table, draws)
            _check_fallback(row, seed, table, fallbacks)
        if table is not None and row.award_tier_id is not None:
            given.add(row, table, room)
    given.tell(room)
    for entry_id in session.scalars(
        select(Award.entry_id)
        .outerjoin(Entry, Entry.id == Award.entry_id)
        .where(
            Award.campaign_id == subject.id, or_(Entry.id.is_(None), Entry.campaign_id != Award.campaign_id)
        )
    ):
        awards.expect(False, f"the award of entry {entry_id.hex} has no entry in its campaign")


class _Tables:
    """A campaign's odds tables by version, read once."""

    def __init__(self, session: Session, campaign_id: UUID) -> None:
        self._tables = {
            record.version: parsed(record.document) for record in odds.history(session, campaign_id)
        }

    def get(self, version: int) -> OddsTable | None:
        return self._tables.get(version)


def _check_award(row: Row[*tuple[Any, ...]], tally: Tally) -> None:
    tally.seen += row.code_id is not None
    name = f"entry {row.id.hex}"
    if row.reason is AwardReason.BONUS:
        tally.expect(row.entry_commit == NO_COMMITMENT, f"{name} was not drawn and has a commitment")
        fits = row.code_id is not None and row.award_tier_id == row.code_tier_id
        tally.expect(fits, f"{name} carries no code of its tier")
    elif (row.code_id is None) != (row.tier_awarded_id is None):
        lacks = "was awarded a tier and has no award" if row.code_id is None else "lost and has an award"
        tally.expect(False, f"{name} {lacks}")
    elif row.code_id is not None:
        same_tier = row.tier_awarded_id == row.award_tier_id == row.code_tier_id
        tally.expect(same_tier, f"the award of {name} is of another tier than its entry or code")
        tally.expect(
            row.award_prize_id == row.code_prize_id, f"the award of {name} is of another prize than its code"
        )
        tally.expect(row.award_campaign_id == row.campaign_id, f"the award of {name} is of another campaign")


def _check_draw(
    row: Row[*tuple[Any, ...]], seed: bytes | None, table: OddsTable | None, tally: Tally
) -> None:
    tally.seen += 1
    name = f"entry {row.id.hex}"
    if seed is None or table is None:
        tally.expect(False, f"{name} cannot be drawn again: {'odds' if seed else 'seed'} unreadable")
        return
    if row.erased_at is None:
        address = row.email_key if row.person_erased_at is None else canonical_email(row.email)
        commitment = entry_commitment(row.campaign_id, row.nonce, address)
        fits = row.entry_commit == commitment
        tally.expect(fits, f"{name} has another commitment than nonce and address give")
    # What was erased is drawn again from its commitment, which stays.
    drawn = draw(seed, row.entry_commit, table)
    tally.expect(row.ticket == drawn.ticket, f"{name} has ticket {row.ticket}, drawn is {drawn.ticket}")
    tally.expect(row.tier_hit_id == drawn.tier, f"{name} hit another tier than its ticket says")


def _check_fallback(
    row: Row[*tuple[Any, ...]], seed: bytes | None, table: OddsTable | None, tally: Tally
) -> None:
    tally.seen += 1
    name = f"entry {row.id.hex}"
    expected = award_reason(row.tier_hit_id, row.tier_awarded_id)
    tally.expect(row.reason == expected, f"{name} says {row.reason} where it is {expected}")
    if row.tier_awarded_id is None:
        return
    ways: set[UUID] = set()
    if table and row.tier_hit_id:
        # Without the seed nobody knows where drawing again leads; that it is missing is told elsewhere.
        again = redraw(seed, row.campaign_id, row.entry_commit) if seed else past_the_end
        ways = {tier.id for tier in table.ways_to_award(row.tier_hit_id, again)}
    tally.expect(row.tier_awarded_id in ways, f"{name} was awarded a tier its odds do not lead to")


class Given:
    """What tiers with limits have given: by period and person, beside the most any odds table allowed."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._given: Counter[tuple[UUID, str]] = Counter()
        self._most: dict[tuple[UUID, str], int] = {}

    def add(self, row: Row[*tuple[Any, ...]], table: OddsTable, tally: Tally) -> None:
        """Count an award, if the table it was drawn with limits its tier."""
        for tier in table.tiers:
            if tier.id != row.award_tier_id or not tier.limits:
                continue
            tally.seen += 1
            in_time = tier.limits.is_open(row.created_at)
            tally.expect(in_time, f"entry {row.id.hex} was awarded a tier out of its time")
            self._count(tier, row)

    def _count(self, tier: TierOdds, row: Row[*tuple[Any, ...]]) -> None:
        periods = list(limits.periods(tier.limits, row.created_at, self._zone))
        if tier.limits.per_person is not None:
            periods.append((f"to {row.entrant_id.hex}", tier.limits.per_person))
        for period, most in periods:
            self._given[tier.id, period] += 1
            self._most[tier.id, period] = max(most, self._most.get((tier.id, period), 0))

    def tell(self, tally: Tally) -> None:
        """Note every limit that was passed."""
        for (tier_id, period), count in self._given.items():
            most = self._most[tier_id, period]
            tally.expect(
                count <= most, f"tier {tier_id.hex} gave {count} of at most {most} in its period {period}"
            )


_ENTRIES = (
    select(
        Entry.id,
        Entry.campaign_id,
        Entry.entrant_id,
        Entry.created_at,
        Entry.nonce,
        Entry.entry_commit,
        Entry.odds_version,
        Entry.ticket,
        Entry.tier_hit_id,
        Entry.tier_awarded_id,
        Entry.reason,
        Entry.email,
        Entry.erased_at,
        Entrant.email_key,
        Entrant.erased_at.label("person_erased_at"),
        Award.code_id,
        Award.campaign_id.label("award_campaign_id"),
        Award.tier_id.label("award_tier_id"),
        Award.prize_id.label("award_prize_id"),
        Code.tier_id.label("code_tier_id"),
        Code.prize_id.label("code_prize_id"),
    )
    .join(Entrant, Entrant.id == Entry.entrant_id)
    .outerjoin(Award, Award.entry_id == Entry.id)
    .outerjoin(Code, Code.id == Award.code_id)
)
