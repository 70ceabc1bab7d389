"""Entries: `submit_entry` is the one route in, for the page, the benchmarks and the tests alike."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, bindparam, exists, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.adapters.captcha import Solved, Unsolved, Verdict
from app.adapters.direct import DirectConnection, Prepared
from app.adapters.seeds import SeedVault
from app.domain.campaign_rules import is_slug
from app.domain.chance import Rng
from app.domain.draw import Draw, draw, entry_commitment
from app.domain.eligibility import Window, already_entered, limit_period, next_chance, refusal
from app.domain.errors import NotFound
from app.domain.identity import canonical_email
from app.domain.ids import time_ordered_id
from app.domain.odds import OddsTable
from app.domain.outcomes import (
    AwardReason,
    Drawn,
    Lost,
    Outcome,
    RefusalReason,
    Refused,
    Won,
)
from app.domain.proof import Proof, asked, deadline
from app.domain.sources import Source
from app.models import (
    Campaign,
    Entrant,
    Entry,
    MessageKind,
    NonceSource,
    OddsTableRecord,
    Partner,
    SpentChallenge,
)
from app.services import awards, odds, outbox, partner_caps, referrals, webhooks
from app.services.allocation import Claimed, claim
from app.services.limits import give_back, take_room
from app.services.partner_caps import PartnerTerms
from app.services.referrals import Invitation
from app.services.stored_outcomes import STORED, as_outcome, held_back, is_replaced
from app.services.uow import shared_unit_of_work


@dataclass(frozen=True, slots=True)
class Submission:
    """One filled-in form, its fields already validated."""

    campaign: str  # slug
    name: str
    email: str  # as typed
    marketing: bool
    nonce: bytes  # 16 bytes; one nonce, one outcome
    nonce_source: NonceSource
    locale: str
    captcha: Verdict
    partner_id: UUID | None = None
    network: bytes | None = None  # as app.services.networks hashes it
    form_version: int = 0  # the one that was filled in; 0 is the usual form, of no campaign
    form_of: UUID | None = None  # the campaign whose form that is
    answers: str = ""  # as a document of domain/entry_form.py
    invited: Invitation | None = None  # by whose link
    again: UUID | None = None  # an entry of the same person, whose signed link to a further one was followed
    proved: frozenset[UUID] = frozenset()  # whose addresses were proved in the same browser
    source: Source = Source()  # noqa: RUF009 -- frozen
    shown: bool = False  # whether the answer itself shows the outcome


@shared_unit_of_work
def submit_entry(
    connection: DirectConnection, submission: Submission, *, now: datetime, rng: Rng, vault: SeedVault
) -> Outcome:
    """Take one submission, draw it once, and answer with its stored outcome.

    The same nonce sent again returns the same outcome without a second draw, also after the close. Refused
    submissions store nothing but their used-up CAPTCHA. Raises NotFound for an unknown campaign and
    SeedUnreadable when the campaign's seed cannot be opened: there is no other source of randomness.
    """
    campaign, table = _campaign_with_odds(connection, submission.campaign, submission.partner_id)
    window, email = window_of(campaign), canonical_email(submission.email)
    partner = partner_caps.counted(campaign, email, now)
    refused = partial(_refused, connection, campaign.id, window, submission.nonce, email, now)
    if (reason := refusal(window, now) or _stale(submission, campaign)) is not None:
        return refused(reason)
    if isinstance(submission.captcha, Unsolved):
        return refused(submission.captcha.reason)
    period = limit_period(window, now)
    gone = vault.pseudonym(email)
    person = _spend(connection, submission.captcha, campaign.id, (email, gone), period, submission.nonce)
    if person is None:
        return refused(RefusalReason.CAPTCHA_SPENT)
    if person.is_taken:
        answer = refused(already_entered(window))
        further = _further(connection, campaign, person.entrant_id, submission, answer)
        if further is None:
            return answer
        period = further

    commitment = entry_commitment(campaign.id, submission.nonce, email)
    drawn = draw(vault.open(campaign.id, campaign.seed_encrypted), commitment, table)
    tier_awarded, claimed = _allocate(
        connection, table, drawn, person.entrant_id, partner, now, window.zone, rng
    )

    entry_id = time_ordered_id(now, rng)
    entrant_id = _entrant(connection, person, email, gone, now, rng)
    proof = asked(campaign.proof, is_won=claimed is not None, is_proved=entrant_id in submission.proved)
    connection.execute(
        _INSERT_ENTRY,
        {
            "id": entry_id,
            "campaign_id": campaign.id,
            "entrant_id": entrant_id,
            "period": period,
            "nonce": submission.nonce,
            "nonce_source": submission.nonce_source,
            "entry_commit": commitment,
            "odds_version": table.version,
            "ticket": drawn.ticket,
            "tier_hit_id": drawn.tier,
            "tier_awarded_id": tier_awarded,
            "reason": award_reason(drawn.tier, tier_awarded),
            "name": submission.name,
            "email": submission.email,
            "marketing": submission.marketing,
            "rules_version": campaign.rules_version,
            "form_version": submission.form_version,
            "answers": submission.answers,
            "locale": submission.locale,
            "partner_id": partner.id if partner else None,
            "created_at": now,
            "network": submission.network,
            "proof": proof,
            "utm_source": submission.source.utm_source,
            "utm_medium": submission.source.utm_medium,
            "utm_campaign": submission.source.utm_campaign,
            "device": submission.source.device,
        },
    )
    until = deadline(now, campaign.proof_hours)
    if claimed is None:
        drawn_to: Won | Lost = Lost(entry_id, next_chance(window, now), now)
    else:
        kept = None if proof is Proof.NEVER else until
        drawn_to = _award(connection, campaign.id, entry_id, claimed, submission, now, window.zone, kept)
    # After the award: a code for the friend counts against the same limits.
    _count_friend(connection, submission, campaign, entrant_id, entry_id, now, rng)
    _tell(connection, campaign, (entry_id, entrant_id), drawn_to, proof, now, rng)
    return drawn_to if proof is Proof.NEVER else held_back(drawn_to, submission.email, until, proof)


def _tell(
    connection: DirectConnection,
    campaign: Any,
    entry: tuple[UUID, UUID],
    drawn_to: Won | Lost,
    proof: Proof,
    now: datetime,
    rng: Rng,
) -> None:
    """Have the entrant told by mail, and other systems of what may be told already."""
    kind = _news(drawn_to, proof, mail_losers=campaign.mail_losers)
    if kind is not None:
        outbox.announce(connection, kind, *entry, now=now, rng=rng)
    if campaign.hooked:
        is_won = isinstance(drawn_to, Won) and proof is Proof.NEVER
        webhooks.tell_entry(connection, campaign.id, entry[0], is_won=is_won, now=now)


def _refused(
    connection: DirectConnection,
    campaign_id: UUID,
    window: Window,
    nonce: bytes,
    email: str,
    now: datetime,
    reason: RefusalReason,
) -> Outcome:
    """What cannot be taken now may have been taken before: the nonce tells."""
    stored = _stored_outcome(connection, campaign_id, window, nonce, email)
    is_today = reason is RefusalReason.ALREADY_ENTERED_TODAY
    return stored or Refused(reason, next_chance=next_chance(window, now) if is_today else None)


def _count_friend(
    connection: DirectConnection,
    submission: Submission,
    campaign: Any,
    entrant_id: UUID,
    entry_id: UUID,
    now: datetime,
    rng: Rng,
) -> None:
    """Count whoever came by somebody's link, where the campaign has that."""
    if submission.invited is None or not campaign.refer_most:
        return
    is_proved = entrant_id in submission.proved
    referrals.count_friend(
        connection, submission.invited, campaign, entrant_id, entry_id, is_proved=is_proved, now=now, rng=rng
    )


def _further(
    connection: DirectConnection,
    campaign: Any,
    entrant_id: UUID | None,
    submission: Submission,
    answer: Outcome,
) -> str | None:
    """The period of an entry that friends have earned, for somebody who has made their own; None where there
    is none, and where `answer` is for a form that was sent before.

    Anybody can type an address: it is taken up over the person's own link, or where the address was proved.
    """
    is_new = isinstance(answer, Refused) and answer.reason is not RefusalReason.NONCE_USED
    if not (is_new and campaign.refer_most):
        return None
    if entrant_id not in submission.proved and not referrals.is_of(
        connection, submission.again, campaign.id, entrant_id
    ):
        return None
    return referrals.next_further(connection, campaign.id, entrant_id)


def outcome_of(session: Session, entry_id: UUID) -> tuple[Campaign, Drawn]:
    """The campaign and stored outcome of one entry, for its result page. Raises NotFound."""
    row = session.execute(STORED.where(Entry.id == entry_id)).one_or_none()
    campaign = session.get(Campaign, row.campaign_id) if row else None
    if row is None or campaign is None:
        raise NotFound("no such entry")
    return campaign, as_outcome(row, window_of(campaign), is_replaced=is_replaced(session, row))


def window_of(campaign: Campaign | Any) -> Window:
    """What decides whether people may enter the campaign, given as such or as a row of its columns."""
    return Window(
        campaign.status, campaign.opens_at, campaign.closes_at, campaign.entries, ZoneInfo(campaign.timezone)
    )


def award_reason(hit: UUID | None, awarded: UUID | None) -> AwardReason:
    """Why an entry that hit one tier was awarded another, or none."""
    if hit is None:
        return AwardReason.NO_WIN
    if awarded is None:
        return AwardReason.EMPTY
    return AwardReason.HIT if hit == awarded else AwardReason.FALLBACK


def _stale(submission: Submission, campaign: Any) -> RefusalReason | None:
    """People agree to what they were shown: an answer to another version of the form is not taken."""
    filled_in = (submission.form_version, submission.form_of)
    shown = (campaign.form_version, campaign.id if campaign.form_version else None)
    return None if filled_in == shown else RefusalReason.FORM_CHANGED


def _news(outcome: Won | Lost, proof: Proof, *, mail_losers: bool) -> MessageKind | None:
    """What the entrant is written to about, if anything."""
    if proof is not Proof.NEVER:
        return MessageKind.PROOF
    if isinstance(outcome, Won):
        return MessageKind.AWARD_WON
    return MessageKind.ENTRY_LOST if mail_losers else None


def _campaign_with_odds(
    connection: DirectConnection, slug: str, partner_id: UUID | None
) -> tuple[Any, OddsTable]:
    values = {"slug": slug, "partner": partner_id}
    row = connection.row(_CAMPAIGN_WITH_ODDS, values) if is_slug(slug) else None
    if row is None:
        raise NotFound(f"no campaign is called {slug!r}")
    return row, odds.parse(row.document)


def _stored_outcome(
    connection: DirectConnection, campaign_id: UUID, window: Window, nonce: bytes, email: str
) -> Outcome | None:
    row = connection.row(_STORED_BY_NONCE, {"campaign": campaign_id, "nonce": nonce})
    if row is None:
        return None
    if row.email_key != email:
        return Refused(RefusalReason.NONCE_USED)
    return as_outcome(row, window)


def _spend(
    connection: DirectConnection,
    captcha: Solved,
    campaign_id: UUID,
    emails: tuple[str, str],
    period: str,
    nonce: bytes,
) -> Any | None:
    """Use the CAPTCHA up, and look up who comes with it: `entrant_id`, if known, `was_erased`, if known by a
    hash alone, and `is_taken`, whether an entry of theirs in this period, or of this nonce, stands. None when
    the CAPTCHA was used before.
    """
    return connection.row(
        _SPEND,
        {
            "signature": captcha.signature,
            "expires_at": captcha.expires_at,
            "campaign": campaign_id,
            "email": emails[0],
            "gone": emails[1],
            "period": period,
            "nonce": nonce,
        },
    )


def _entrant(
    connection: DirectConnection, person: Any, email: str, gone: str, now: datetime, rng: Rng
) -> UUID:
    """Who enters: somebody known, somebody known no more who is from now on, or somebody new."""
    if person.entrant_id is None:
        entrant_id = time_ordered_id(now, rng)
        connection.execute(_INSERT_ENTRANT, {"id": entrant_id, "email_key": email, "created_at": now})
        return entrant_id
    if person.was_erased:
        connection.execute(_COME_BACK, {"entrant": person.entrant_id, "gone": gone, "key": email})
    known: UUID = person.entrant_id
    return known


def _allocate(
    connection: DirectConnection,
    table: OddsTable,
    drawn: Draw,
    entrant_id: UUID | None,
    partner: PartnerTerms | None,
    now: datetime,
    zone: ZoneInfo,
    rng: Rng,
) -> tuple[UUID | None, Claimed | None]:
    """Claim from the tier that was hit; while that has nothing to give, from where its rule leads. A partner
    whose visitors have won as often as they may has nothing to give in any.
    """
    if drawn.tier is None or (partner and not partner_caps.take_win(connection, partner)):
        return None, None
    for tier in table.ways_to_award(drawn.tier, drawn.redraw):
        if not take_room(connection, tier, entrant_id, now, zone):
            continue
        claimed = claim(connection, tier.id, rng, partner.reserve if partner else None)
        if claimed is not None:
            return tier.id, claimed
        give_back(connection, tier, now, zone)
    if partner:
        partner_caps.give_win_back(connection, partner)
    return None, None


def _award(
    connection: DirectConnection,
    campaign_id: UUID,
    entry_id: UUID,
    claimed: Claimed,
    submission: Submission,
    now: datetime,
    zone: ZoneInfo,
    held_until: datetime | None,
) -> Won:
    seen_at = now if submission.shown and held_until is None else None
    expires_at = awards.store(
        connection,
        campaign_id,
        entry_id,
        claimed,
        now=now,
        zone=zone,
        held_until=held_until,
        seen_at=seen_at,
    )
    return Won(
        entry_id,
        claimed.tier_name,
        claimed.prize_name,
        claimed.text,
        claimed.instructions,
        claimed.artwork,
        submission.email,
        now,
        expires_at=expires_at,
        picture=claimed.picture,
        link=claimed.link,
        prize_id=claimed.prize_id,
    )


_CAMPAIGN_WITH_ODDS = Prepared(
    select(
        Campaign.id,
        Campaign.status,
        Campaign.opens_at,
        Campaign.closes_at,
        Campaign.entries,
        Campaign.timezone,
        Campaign.rules_version,
        Campaign.form_version,
        Campaign.proof,
        Campaign.proof_hours,
        Campaign.mail_losers,
        Campaign.refer_most,
        Campaign.refer_tier_id,
        Campaign.seed_encrypted,
        OddsTableRecord.document,
        *partner_caps.TERMS,
        webhooks.hooked(Campaign.id).label("hooked"),
    )
    .join(
        OddsTableRecord,
        and_(OddsTableRecord.campaign_id == Campaign.id, OddsTableRecord.version == Campaign.odds_version),
    )
    .outerjoin(Partner, and_(Partner.id == bindparam("partner"), Partner.campaign_id == Campaign.id))
    .where(Campaign.slug == bindparam("slug"))
)
_STORED_BY_NONCE = Prepared(
    STORED.where(Entry.campaign_id == bindparam("campaign"), Entry.nonce == bindparam("nonce"))
)
_PERSON = (
    select(Entrant.id).where(Entrant.email_key.in_((bindparam("email"), bindparam("gone")))).scalar_subquery()
)
_WAS_ERASED = exists().where(Entrant.email_key == bindparam("gone"))
_IN_CAMPAIGN = Entry.campaign_id == bindparam("campaign")
_IS_TAKEN = or_(
    exists().where(_IN_CAMPAIGN, Entry.entrant_id == _PERSON, Entry.period == bindparam("period")),
    exists().where(_IN_CAMPAIGN, Entry.nonce == bindparam("nonce")),
)
_SPEND = Prepared(
    {
        dialect: insert(SpentChallenge)
        .on_conflict_do_nothing()
        .returning(_PERSON.label("entrant_id"), _WAS_ERASED.label("was_erased"), _IS_TAKEN.label("is_taken"))
        for dialect, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
    }
)
_INSERT_ENTRANT = Prepared(insert(Entrant))
_COME_BACK = Prepared(
    update(Entrant)
    .where(Entrant.id == bindparam("entrant"), Entrant.email_key == bindparam("gone"))
    .values(email_key=bindparam("key"), erased_at=None)
)
_INSERT_ENTRY = Prepared(insert(Entry))
