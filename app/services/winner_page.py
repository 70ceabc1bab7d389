"""The winner's page: all that one person has won on this site, and how to come to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.eligibility import Phase, phase
from app.domain.errors import NotFound
from app.domain.identity import InvalidAddress, canonical_email
from app.domain.outcomes import AwardReason
from app.domain.pictures import Picture
from app.domain.proof import Proof
from app.models import (
    Award,
    AwardStatus,
    Campaign,
    Code,
    Entrant,
    Entry,
    MessageKind,
    Prize,
    SpentChallenge,
)
from app.services import bonuses, handling, outbox, referrals
from app.services.drawn import is_drawn
from app.services.entries import window_of
from app.services.referrals import Standing
from app.services.uow import unit_of_work

_NOBODY = UUID(int=0)


class PrizeState(StrEnum):
    """How a win stands, in the eyes of its winner."""

    STANDING = "standing"
    REPLACED = "replaced"  # another prize stands in for it
    SETTLED = "settled"  # claimed, or sent
    EXPIRED = "expired"
    VOID = "void"
    HELD = "held"  # waits for the address to be proved
    LAPSED = "lapsed"  # waited for too long


@dataclass(frozen=True, slots=True)
class WonPrize:
    """One win as it stands. `code` is empty unless it is the winner's and good for something."""

    entry_id: UUID
    campaign: Campaign
    prize_id: UUID
    state: PrizeState
    name: str
    tier: str
    code: str
    instructions: str
    artwork: str
    picture: Picture | None
    link: str
    at: datetime
    expires_at: datetime | None
    held_until: datetime | None
    commitment: str  # hex: what the draw of this entry can be checked with; "" where nothing was drawn
    is_bonus: bool  # given for a friend


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry of which nothing is told before the address is proved."""

    entry_id: UUID
    campaign: Campaign
    at: datetime


@dataclass(frozen=True, slots=True)
class Sharing:
    """A campaign that people can enter now, and in which this person can bring friends: the entry `entry_id`
    made at that moment is whose link it is, `lacking` how many codes could not be given to them for it.
    """

    campaign: Campaign
    entry_id: UUID
    at: datetime
    standing: Standing
    lacking: int


@dataclass(frozen=True, slots=True)
class WinnerPage:
    """All wins of a person, newest first; what still waits; how many entries there are in all; where they can
    bring friends.
    """

    entrant: Entrant
    email: str
    prizes: tuple[WonPrize, ...]
    waiting: tuple[Waiting, ...]
    entries: int
    sharing: tuple[Sharing, ...]


def page_of(session: Session, entrant_id: UUID, *, now: datetime) -> WinnerPage:
    """What this person is shown. Raises NotFound for somebody unknown, or who was erased."""
    entrant = get_person(session, entrant_id)
    mine = (Entry.entrant_id == entrant_id, Entry.erased_at.is_(None))
    campaigns = {
        campaign.id: campaign
        for campaign in session.scalars(
            select(Campaign).where(Campaign.id.in_(select(Entry.campaign_id).where(*mine)))
        )
    }
    concealed = (Entry.proof == Proof.REVEAL, Entry.proved_at.is_(None))
    waiting = session.scalars(select(Entry).where(*mine, *concealed).order_by(Entry.created_at.desc()))
    won = session.execute(
        select(Award, Entry)
        .join(Entry, Entry.id == Award.entry_id)
        .where(*mine)
        .order_by(Award.created_at.desc(), Award.entry_id.desc())
    ).all()
    last = session.scalars(
        select(Entry.email).where(*mine).order_by(Entry.created_at.desc()).limit(1)
    ).first()
    return WinnerPage(
        entrant,
        last or "",
        tuple(
            _won(session, award, entry, campaigns[entry.campaign_id], now)
            for award, entry in won
            if entry.proof is not Proof.REVEAL or entry.proved_at is not None
        ),
        tuple(Waiting(entry.id, campaigns[entry.campaign_id], entry.created_at) for entry in waiting),
        session.scalar(select(func.count()).select_from(Entry).where(*mine, is_drawn())) or 0,
        tuple(_sharing(session, entrant_id, campaigns.values(), now)),
    )


def _sharing(
    session: Session, entrant_id: UUID, campaigns: Iterable[Campaign], now: datetime
) -> Iterator[Sharing]:
    """Their first entry of each is whose link it is, once its outcome may be told."""
    told = or_(Entry.proof != Proof.REVEAL, Entry.proved_at.is_not(None))
    for campaign in campaigns:
        if not campaign.refer_most or phase(window_of(campaign), now) is not Phase.LIVE:
            continue
        first = session.scalars(
            select(Entry)
            .where(Entry.campaign_id == campaign.id, Entry.entrant_id == entrant_id, is_drawn(), told)
            .order_by(Entry.created_at, Entry.id)
            .limit(1)
        ).one_or_none()
        if first is not None:
            earned = referrals.standing(session, first.id)
            lacking = bonuses.lacking(session, campaign.id, entrant_id)
            yield Sharing(campaign, first.id, first.created_at, earned, lacking)


def get_person(session: Session, entrant_id: UUID) -> Entrant:
    """The person. Raises NotFound for somebody unknown, or who was erased."""
    entrant = session.get(Entrant, entrant_id)
    if entrant is None or entrant.erased_at is not None:
        raise NotFound("nobody is known under this link")
    return entrant


@unit_of_work
def send_link(session: Session, email: str, *, now: datetime, rng: Rng) -> None:
    """Have whoever owns the address sent a link to their page, if anybody is known by it.

    Says nothing, and does as much for an address nobody is known by: the same questions, and one row.
    """
    found = session.execute(
        select(Entry.id, Entry.entrant_id)
        .join(Entrant, Entrant.id == Entry.entrant_id)
        .where(Entrant.email_key == _key(email), Entry.erased_at.is_(None))
        .order_by(Entry.created_at.desc())
        .limit(1)
    ).one_or_none()
    kind = MessageKind.MY_PRIZES
    number = outbox.next_number(session, kind, found.id if found else _NOBODY)
    if found is not None and number is not None:
        outbox.write(session, kind, found.id, found.entrant_id, number=number, now=now, rng=rng)
        return
    decoy = {"signature": rng.token_bytes(32), "expires_at": now + timedelta(minutes=1)}
    session.execute(insert(SpentChallenge), decoy)


@unit_of_work
def want_mail(session: Session, entrant_id: UUID, *, wanted: bool, now: datetime) -> None:
    """Whether this person wants mail beyond what they ask for and what they win. Raises NotFound."""
    get_person(session, entrant_id)
    values = {"no_mail_at": None if wanted else now}
    statement = update(Entrant).where(Entrant.id == entrant_id, Entrant.erased_at.is_(None))
    session.execute(statement.values(values))


def _key(email: str) -> str:
    try:
        return canonical_email(email)
    except InvalidAddress:
        return ""


def _won(session: Session, award: Award, entry: Entry, campaign: Campaign, now: datetime) -> WonPrize:
    issue = handling.standing(session, award.entry_id) or award
    prize = session.get_one(Prize, issue.prize_id)
    state = state_of(award, entry, issue, now)
    is_bonus = entry.reason is AwardReason.BONUS
    shows_code = state in {PrizeState.STANDING, PrizeState.REPLACED, PrizeState.SETTLED}
    return WonPrize(
        entry.id,
        campaign,
        issue.prize_id,
        state,
        issue.prize_name,
        issue.tier_name,
        session.get_one(Code, issue.code_id).text if shows_code else "",
        prize.instructions if shows_code else "",
        prize.artwork,
        prize.picture,
        prize.link if shows_code else "",
        award.created_at,
        issue.expires_at,
        award.held_until if state is PrizeState.HELD else None,
        "" if is_bonus else entry.entry_commit.hex(),
        is_bonus,
    )


def state_of(award: Award, entry: Entry, issue: handling.Issue, now: datetime) -> PrizeState:
    """How a win stands, whose last issue is this one."""
    is_open = entry.proof is Proof.NEVER or entry.proved_at is not None
    if issue.status is AwardStatus.VOID:
        return PrizeState.LAPSED if issue is award and award.lapsed_at else PrizeState.VOID
    if not is_open and issue is award:
        return PrizeState.HELD
    if issue.expires_at is not None and issue.expires_at <= now:
        return PrizeState.EXPIRED
    if issue.status in {AwardStatus.CLAIMED, AwardStatus.SENT}:
        return PrizeState.SETTLED
    return PrizeState.STANDING if issue is award else PrizeState.REPLACED
