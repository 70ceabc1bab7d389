"""Check: whether every promise holds on the data as it stands. Reads only, in one snapshot, row by row."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, or_, select
from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.draw import draw, entry_commitment, seed_commitment
from app.domain.eligibility import limit_period
from app.domain.errors import SeedUnreadable
from app.domain.odds import FIRST_PREV, OddsTable, TierOdds
from app.models import AuditRecord, Award, Campaign, Code, CodeStatus, Entrant, Entry, Prize, Tier
from app.services import campaigns, odds, tiers
from app.services.entries import award_reason, window_of

_EXAMPLES = 3
_STOCK_ACTIONS = (
    "prize.add",
    "prize.edit",
    "prize.remove",
    "tier.remove",
    "codes.import",
    "codes.generate",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise: whether it holds, over how many things, and what is wrong where it does not.

    `detail` is the promise while it holds, else the first faults.
    """

    name: str
    ok: bool
    detail: str
    count: int


@dataclass(slots=True)
class _Tally:
    """What one check has seen so far: all faults are counted, the first few are told."""

    seen: int = 0
    faults: int = 0
    examples: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fault: str) -> None:
        """Note a fault unless it holds."""
        if not holds:
            self.faults += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(fault)


@dataclass(frozen=True, slots=True)
class _Subject:
    """A campaign under check, and what opens its seed."""

    campaign: Campaign
    vault: SeedVault

    @property
    def id(self) -> UUID:
        return self.campaign.id

    def seed(self) -> bytes | None:
        """The seed; None when it cannot be opened."""
        try:
            return self.vault.open(self.id, self.campaign.seed_encrypted)
        except SeedUnreadable:
            return None


def check(session: Session, vault: SeedVault, campaign_slug: str | None = None) -> Iterator[Finding]:
    """Test each promise over one campaign, or all, and say what was found. Raises NotFound.

    Memory does not grow with the number of entries. Do not use the session for anything else meanwhile.
    """
    _begin_snapshot(session)
    chosen = [campaigns.get(session, campaign_slug)] if campaign_slug else campaigns.listing(session)
    subjects = [_Subject(campaign, vault) for campaign in chosen]
    return _findings(session, subjects)


def _findings(session: Session, subjects: list[_Subject]) -> Iterator[Finding]:
    try:
        for names, look in _CHECKS:
            tallies = {name: _Tally() for name in names}
            for subject in subjects:
                look(session, subject, *tallies.values())
            for name, tally in tallies.items():
                yield _finding(name, tally)
    finally:
        session.rollback()


def _begin_snapshot(session: Session) -> None:
    """Let every query see the same moment, although people enter meanwhile; SQLite always does."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _finding(name: str, tally: _Tally) -> Finding:
    if not tally.faults:
        return Finding(name, True, _PROMISES[name], tally.seen)
    more = f"; and {tally.faults - _EXAMPLES:,} more" if tally.faults > _EXAMPLES else ""
    return Finding(name, False, "; ".join(tally.examples) + more, tally.seen)


def _seeds(_session: Session, subject: _Subject, tally: _Tally) -> None:
    tally.seen += 1
    seed, slug = subject.seed(), subject.campaign.slug
    if seed is None:
        tally.expect(False, f"the seed of {slug} cannot be opened with this PRIZEWELL_SEED_KEY")
    else:
        fits = seed_commitment(subject.id, seed) == subject.campaign.seed_commit
        tally.expect(fits, f"the seed of {slug} is not the one promised")


def _odds(session: Session, subject: _Subject, tally: _Tally) -> None:
    campaign = subject.campaign
    previous, version, table = FIRST_PREV, 0, None
    for version, record in enumerate(odds.history(session, campaign.id), start=1):
        tally.seen += 1
        place = f"{campaign.slug} version {record.version}"
        table = _parsed(record.document)
        if table is None:
            tally.expect(False, f"{place} cannot be read")
            continue
        tally.expect(table.document == record.document, f"{place} is not in canonical form")
        tally.expect(table.hash == record.hash, f"{place} does not fit its hash")
        chained = record.prev_hash == table.prev == previous and record.version == version == table.version
        tally.expect(chained, f"{place} does not follow the version before")
        tally.expect(table.campaign == campaign.id, f"{place} belongs to another campaign")
        previous = record.hash
    tally.expect(campaign.odds_version == version, f"{campaign.slug} does not use its last version")
    if table is not None:
        lines = tuple(
            TierOdds(tier.id, tier.weight, tier.on_empty, tier.fallback_id)
            for tier in tiers.listing(session, campaign.id)
            if tier.enabled
        )
        same = (lines, campaign.lose_weight) == (table.tiers, table.lose_weight)
        tally.expect(same, f"the tiers of {campaign.slug} are not those of its last version")


def _parsed(document: str) -> OddsTable | None:
    try:
        return odds.parse(document)
    except (ValueError, KeyError, TypeError):
        return None


def _stock(session: Session, subject: _Subject, tally: _Tally) -> None:
    """What came and went according to the audit trail must be what is there."""
    added, withdrawn = _recorded_stock(session, subject.id)
    rows: dict[UUID, Counter[CodeStatus]] = {}
    for prize_id, status, count in session.execute(
        select(Code.prize_id, Code.status, func.count())
        .join(Tier, Tier.id == Code.tier_id)
        .where(Tier.campaign_id == subject.id)
        .group_by(Code.prize_id, Code.status)
    ):
        rows.setdefault(prize_id, Counter())[status] = count
    awards = _counts(session, select(Award.prize_id, func.count()).where(Award.campaign_id == subject.id))
    for prize in session.scalars(select(Prize).where(Prize.campaign_id == subject.id)):
        tally.seen += 1
        here = rows.pop(prize.id, Counter())
        name, key = f"{subject.campaign.slug}/{prize.name}", prize.id.hex
        for there, recorded, what in (
            (here.total(), added[key], "units"),
            (here[CodeStatus.WITHDRAWN], withdrawn[key], "withdrawn units"),
            (here[CodeStatus.WON], awards.get(prize.id, 0), "won units"),
        ):
            tally.expect(there == recorded, f"{name} has {there:,} {what} where {recorded:,} are on record")
        gone = prize.removed_at is not None
        tally.expect(not gone or not here[CodeStatus.FREE], f"{name} is removed and has free units")
    tally.expect(not rows, f"{subject.campaign.slug} has codes under prizes of another campaign")


def _recorded_stock(session: Session, campaign_id: UUID) -> tuple[Counter[str], Counter[str]]:
    """Units added and withdrawn by prize (hex id), summed over the audit trail."""
    added: Counter[str] = Counter()
    withdrawn: Counter[str] = Counter()
    query = select(AuditRecord.after).where(
        AuditRecord.campaign_id == campaign_id, AuditRecord.action.in_(_STOCK_ACTIONS)
    )
    for after in session.scalars(query.execution_options(yield_per=1000)):
        values: dict[str, Any] = after or {}
        if "prize" in values:
            added[values["prize"]] += values.get("added", 0)
            withdrawn[values["prize"]] += values.get("withdrawn", 0)
        for key, part in values.get("stock", {}).items():
            withdrawn[key] += part["withdrawn"]
    return added, withdrawn


def _counts(session: Session, query: Any) -> dict[UUID, int]:
    return dict(session.execute(query.group_by(Award.prize_id)).all())


def _codes(session: Session, subject: _Subject, tally: _Tally) -> None:
    won = (
        select(Code.id)
        .join(Tier, Tier.id == Code.tier_id)
        .where(Tier.campaign_id == subject.id, Code.status == CodeStatus.WON)
    )
    tally.seen += session.scalar(select(func.count()).select_from(won.subquery())) or 0
    for code_id in session.scalars(
        won.where(~exists().where(Award.code_id == Code.id)).execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} counts as won and nobody won it")
    for code_id, entry_id in session.execute(
        select(Award.code_id, Award.entry_id)
        .outerjoin(Code, Code.id == Award.code_id)
        .where(Award.campaign_id == subject.id, or_(Code.id.is_(None), Code.status != CodeStatus.WON))
        .execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} was won by entry {entry_id.hex} and does not count as won")
    for code_id in session.scalars(
        select(Award.code_id)
        .where(Award.campaign_id == subject.id)
        .group_by(Award.code_id)
        .having(func.count() > 1)
        .execution_options(yield_per=1000)
    ):
        tally.expect(False, f"code {code_id} was given out more than once")


def _limits(session: Session, subject: _Subject, tally: _Tally) -> None:
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
    query = select(Entry.id, Entry.period, Entry.created_at).where(Entry.campaign_id == subject.id)
    for entry in session.execute(query.execution_options(yield_per=1000)):
        tally.seen += 1
        fits = entry.period == limit_period(window, entry.created_at)
        tally.expect(fits, f"entry {entry.id.hex} counts for another day than its own")


def _nonces(session: Session, subject: _Subject, tally: _Tally) -> None:
    mine = Entry.campaign_id == subject.id
    tally.seen += session.scalar(select(func.count()).where(mine)) or 0
    repeated = select(Entry.nonce).where(mine).group_by(Entry.nonce).having(func.count() > 1)
    for nonce in session.scalars(repeated.execution_options(yield_per=1000)):
        tally.expect(False, f"nonce {nonce.hex()} of {subject.campaign.slug} was drawn more than once")


def _entries(session: Session, subject: _Subject, awards: _Tally, draws: _Tally, fallbacks: _Tally) -> None:
    """Everything about single entries, in one pass over them."""
    seed = subject.seed()
    tables = _Tables(session, subject.id)
    query = _ENTRIES.where(Entry.campaign_id == subject.id).order_by(Entry.created_at, Entry.id)
    for row in session.execute(query.execution_options(yield_per=1000)):
        table = tables.get(row.odds_version)
        _check_award(row, awards)
        _check_draw(row, seed, table, draws)
        _check_fallback(row, table, fallbacks)
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
            record.version: _parsed(record.document) for record in odds.history(session, campaign_id)
        }

    def get(self, version: int) -> OddsTable | None:
        return self._tables.get(version)


def _check_award(row: Row[*tuple[Any, ...]], tally: _Tally) -> None:
    tally.seen += row.code_id is not None
    name = f"entry {row.id.hex}"
    if (row.code_id is None) != (row.tier_awarded_id is None):
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
    row: Row[*tuple[Any, ...]], seed: bytes | None, table: OddsTable | None, tally: _Tally
) -> None:
    tally.seen += 1
    name = f"entry {row.id.hex}"
    if seed is None or table is None:
        tally.expect(False, f"{name} cannot be drawn again: {'odds' if seed else 'seed'} unreadable")
        return
    commitment = entry_commitment(row.campaign_id, row.nonce, row.email_key)
    drawn = draw(seed, commitment, table)
    tally.expect(row.entry_commit == commitment, f"{name} has another commitment than nonce and address give")
    tally.expect(row.ticket == drawn.ticket, f"{name} has ticket {row.ticket}, drawn is {drawn.ticket}")
    tally.expect(row.tier_hit_id == drawn.tier, f"{name} hit another tier than its ticket says")


def _check_fallback(row: Row[*tuple[Any, ...]], table: OddsTable | None, tally: _Tally) -> None:
    tally.seen += 1
    name = f"entry {row.id.hex}"
    expected = award_reason(row.tier_hit_id, row.tier_awarded_id)
    tally.expect(row.reason == expected, f"{name} says {row.reason} where it is {expected}")
    if row.tier_awarded_id is not None:
        ways = table.ways_to_award(row.tier_hit_id) if table and row.tier_hit_id else ()
        tally.expect(row.tier_awarded_id in ways, f"{name} was awarded a tier its odds do not lead to")


_ENTRIES = (
    select(
        Entry.id,
        Entry.campaign_id,
        Entry.nonce,
        Entry.entry_commit,
        Entry.odds_version,
        Entry.ticket,
        Entry.tier_hit_id,
        Entry.tier_awarded_id,
        Entry.reason,
        Entrant.email_key,
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
_CHECKS: tuple[tuple[tuple[str, ...], Callable[..., None]], ...] = (
    (("seeds",), _seeds),
    (("odds",), _odds),
    (("stock",), _stock),
    (("codes",), _codes),
    (("limits",), _limits),
    (("nonces",), _nonces),
    (("awards", "draws", "fallbacks"), _entries),
)
_PROMISES = {
    "seeds": "each seed is the one promised before the first entry",
    "odds": "the odds tables form one chain, and the last one is in force",
    "stock": "what came in is free, won or withdrawn",
    "codes": "each code that was won has one winner, and the reverse",
    "limits": "nobody entered more often than allowed",
    "nonces": "each submission was drawn once",
    "awards": "each award fits its entry and its code",
    "draws": "each outcome is the one its seed, nonce and odds give",
    "fallbacks": "each tier awarded is the one hit, or one it falls back to",
}
