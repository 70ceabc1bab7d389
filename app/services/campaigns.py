"""Campaigns: plan, open, pause, close and put away a giveaway."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.campaign_rules import ACCENTS, RESERVED_SLUGS, YEARS, is_slug
from app.domain.chance import Rng
from app.domain.draw import SEED_BYTES, seed_commitment
from app.domain.eligibility import CampaignStatus, EntryLimit, Phase, phase
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.ids import random_id
from app.domain.languages import DEFAULT, ENTRANTS
from app.domain.launch import NotReady, Site, blocking
from app.domain.odds import MAX_WEIGHT
from app.domain.partner_rules import TOUCH_HOURS, Touch
from app.domain.proof import HOURS, PROOF_HOURS, REMIND, REMIND_DAYS, Proof
from app.domain.referrals import MOST
from app.domain.reveals import Reveal
from app.models import Campaign, Entry, Tier
from app.services import audit, form_versions, launch_check, odds, official_rules, restrictions, webhook_round
from app.services.audit import Actor
from app.services.entries import window_of
from app.services.fields import many_lines, one_line
from app.services.uow import unit_of_work

DEFAULT_LOSE_WEIGHT = 1000


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What staff decide about a campaign. Moments are aware."""

    slug: str
    title: str
    intro: str = ""
    sponsor: str = ""
    eligibility: str = ""  # who may take part, in the marketer's own words
    rules: str = ""  # whatever else the rules say, in their own words
    language: str = DEFAULT  # that all of this is written in
    accent: str = "indigo"
    timezone: str = "UTC"
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    entries: EntryLimit = EntryLimit.ONCE
    reveal: Reveal = Reveal.PLAIN  # what the result is uncovered with
    proof: Proof = Proof.NEVER  # what waits until the address is proved
    proof_hours: int = PROOF_HOURS  # how long a code is kept for that
    mail_losers: bool = False
    refer_most: int = 0  # further entries one person can earn by friends; 0: there is no such thing
    refer_tier_id: UUID | None = None  # whose codes who brings a friend, and the friend, get
    shows_left: bool = False  # visitors see about how many prizes are left
    remind_days: int = REMIND  # how long before a code ends its winner is reminded; 0: never
    touch: Touch = Touch.LAST  # which partner counts, of several whose links were followed
    touch_hours: int = 0  # for so long a followed link counts on other pages; 0: on its own page only


def find(session: Session, slug: str) -> Campaign | None:
    """The campaign of that slug, if there is one."""
    if not is_slug(slug):  # whatever stands in a URL comes here, also what a database cannot take
        return None
    return session.scalars(select(Campaign).where(Campaign.slug == slug)).one_or_none()


def get(session: Session, slug: str) -> Campaign:
    """The campaign of that slug. Raises NotFound."""
    campaign = find(session, slug)
    if campaign is None:
        raise NotFound(f"no campaign is called {slug!r}")
    return campaign


def get_by_id(session: Session, campaign_id: UUID) -> Campaign:
    """The campaign of that id. Raises NotFound."""
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFound("this campaign does not exist")
    return campaign


def get_for_change(session: Session, campaign_id: UUID) -> Campaign:
    """The campaign with its row locked: changes of its odds come one after another. Raises NotFound.

    Entries do not wait for the lock: it leaves the key of the row shared.
    """
    query = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    campaign = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if campaign is None:
        raise NotFound("this campaign does not exist")
    return campaign


def get_for_edit(session: Session, campaign_id: UUID, expected_version: int | None) -> Campaign:
    """The campaign with its row locked, for an edit whose form was filled from `expected_version`.

    Raises NotFound, Conflict for an archived campaign, StaleEdit when somebody else saved meanwhile.
    """
    campaign = get_for_change(session, campaign_id)
    _check_not_archived(campaign)
    if expected_version is not None and campaign.version != expected_version:
        raise StaleEdit("somebody else has saved this campaign meanwhile; look at the new values first")
    return campaign


def listing(session: Session, *, archived: bool | None = None) -> Sequence[Campaign]:
    """The campaigns, newest first: all of them, or those that are archived, or those that are not."""
    query = select(Campaign).order_by(Campaign.created_at.desc())
    if archived is not None:
        query = query.where(Campaign.archived_at.is_not(None) if archived else Campaign.archived_at.is_(None))
    return session.scalars(query).all()


def is_live(campaign: Campaign, now: datetime) -> bool:
    """Whether people are entering it, or were until it was paused."""
    return phase(window_of(campaign), now) in {Phase.LIVE, Phase.PAUSED}


def require_reason(campaign: Campaign, now: datetime, reason: str) -> None:
    """What both front ends ask before they change the odds of a campaign: while it is live, why.

    Raises InvalidInput.
    """
    if is_live(campaign, now) and not reason.strip():
        raise InvalidInput("reason", "say why: people are entering now, and will ask")


def plan_of(campaign: Campaign) -> CampaignPlan:
    """What staff have decided about a campaign."""
    return CampaignPlan(**{field.name: getattr(campaign, field.name) for field in fields(CampaignPlan)})


@unit_of_work
def create(
    session: Session,
    plan: CampaignPlan,
    *,
    lose_weight: int = DEFAULT_LOSE_WEIGHT,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SeedVault,
) -> Campaign:
    """A new draft with its sealed seed and its first odds table.

    Raises InvalidInput for a wrong field and Conflict when the slug is taken.
    """
    plan = _checked(plan)
    _check_lose_weight(lose_weight)
    if find(session, plan.slug) is not None:
        raise Conflict("the address “%(slug)s” is taken by another campaign", slug=plan.slug)
    campaign_id, seed = random_id(rng), rng.token_bytes(SEED_BYTES)
    _check_tier(session, campaign_id, plan)
    campaign = Campaign(
        id=campaign_id,
        **asdict(plan),
        lose_weight=lose_weight,
        odds_version=1,
        seed_encrypted=vault.seal(campaign_id, seed, rng),
        seed_commit=seed_commitment(campaign_id, seed),
        created_at=now,
    )
    session.add(campaign)
    session.flush()
    restrictions.grant_to_maker(session, actor, campaign_id)
    odds.write_first_version(session, campaign, now)
    after = {**asdict(plan), "lose_weight": lose_weight, "seed_commit": campaign.seed_commit}
    audit.record(session, actor, "campaign.create", plan.slug, now=now, campaign_id=campaign_id, after=after)
    return campaign


@unit_of_work
def edit(
    session: Session,
    campaign_id: UUID,
    plan: CampaignPlan,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Campaign:
    """Change a campaign's texts, window and limit; `expected_version` is the one the form was filled from.

    Raises StaleEdit when somebody else saved meanwhile, Conflict for a taken slug, or for another limit per
    person or time zone once people have entered, or for an archived campaign; InvalidInput for a wrong
    field.
    """
    plan = _checked(plan)
    campaign = get_for_edit(session, campaign_id, expected_version)
    before, after = audit.changes(campaign, asdict(plan))
    if not after:
        return campaign
    _check_tier(session, campaign_id, plan)
    if "slug" in after and find(session, plan.slug) is not None:
        raise Conflict("the address “%(slug)s” is taken by another campaign", slug=plan.slug)
    if {"entries", "timezone"} & after.keys() and _has_entries(session, campaign_id):
        raise Conflict(
            "people have entered already: how often one may enter, and the time zone, are fixed now"
        )
    if "proof_hours" in after and campaign.proof is Proof.REVEAL and _has_entries(session, campaign_id):
        # Losers were told the same moment as winners, and it must not tell them apart.
        raise Conflict("people wait for their result: until when a code is kept is fixed now")
    audit.change(campaign, after)
    campaign.version += 1
    official_rules.keep_up(session, campaign_id, now)
    form_versions.keep_up(session, campaign, now)
    audit.record(
        session,
        actor,
        "campaign.edit",
        campaign.slug,
        now=now,
        campaign_id=campaign_id,
        before=before,
        after=after,
        reason=reason,
    )
    return campaign


@unit_of_work
def set_status(
    session: Session,
    campaign_id: UUID,
    status: CampaignStatus,
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    site: Site | None = None,
) -> Campaign:
    """Open, pause or close. Asking for the status it has changes nothing; a closed campaign stays closed.

    Raises Conflict for a step that is not allowed, and its kind NotReady when the launch check, which looks
    at the server too where a `site` is given, finds something that blocks opening.
    """
    campaign = get_for_change(session, campaign_id)
    if campaign.status is status:
        return campaign
    _check_not_archived(campaign)
    if status not in _STEPS[campaign.status]:
        raise Conflict(
            "a campaign that is %(status)s cannot become %(wanted)s", status=campaign.status, wanted=status
        )
    if status is CampaignStatus.OPEN:
        problems = blocking(launch_check.check(session, campaign, now=now, site=site))
        if problems:
            raise NotReady(problems)
    before = {"status": campaign.status}
    campaign.status = status
    campaign.version += 1
    webhook_round.note_phase(session, campaign, now=now)
    official_rules.keep_up(session, campaign_id, now)
    audit.record(
        session,
        actor,
        f"campaign.{_ACTS[status]}",
        campaign.slug,
        now=now,
        campaign_id=campaign_id,
        before=before,
        after={"status": status},
        reason=reason,
    )
    return campaign


@unit_of_work
def set_lose_weight(
    session: Session, campaign_id: UUID, lose_weight: int, *, actor: Actor, now: datetime, reason: str = ""
) -> Campaign:
    """Change the weight of "no win"; writes the next odds table. Raises InvalidInput."""
    _check_lose_weight(lose_weight)
    campaign = get_for_change(session, campaign_id)
    before = {"lose_weight": campaign.lose_weight}
    campaign.lose_weight = lose_weight
    if odds.write_next_version(session, campaign, now):
        audit.record(
            session,
            actor,
            "campaign.odds",
            campaign.slug,
            now=now,
            campaign_id=campaign_id,
            before=before,
            after={"lose_weight": lose_weight},
            reason=reason,
        )
        official_rules.keep_up(session, campaign_id, now)
    return campaign


@unit_of_work
def archive(
    session: Session, campaign_id: UUID, *, actor: Actor, now: datetime, reason: str = ""
) -> Campaign:
    """Put a campaign that is over, or a draft, out of the lists; nothing of it is deleted.

    One whose end has passed is closed with it: a later end would not bring it back. Raises Conflict while
    people can enter, or soon can.
    """
    campaign = get_for_change(session, campaign_id)
    if campaign.archived_at is not None:
        return campaign
    current = phase(window_of(campaign), now)
    if current not in {Phase.DRAFT, Phase.CLOSED}:
        raise Conflict("a campaign that people can still enter cannot be archived: close it first")
    before = {"status": campaign.status, "archived_at": None}
    if current is Phase.CLOSED:
        campaign.status = CampaignStatus.CLOSED
    campaign.archived_at = now
    webhook_round.note_phase(session, campaign, now=now)
    _record_archiving(session, campaign, "campaign.archive", before, actor, now, reason)
    return campaign


@unit_of_work
def unarchive(
    session: Session, campaign_id: UUID, *, actor: Actor, now: datetime, reason: str = ""
) -> Campaign:
    """Bring an archived campaign back into the lists: a draft as a draft, any other closed as it was."""
    campaign = get_for_change(session, campaign_id)
    if campaign.archived_at is None:
        return campaign
    before = {"status": campaign.status, "archived_at": campaign.archived_at}
    campaign.archived_at = None
    _record_archiving(session, campaign, "campaign.unarchive", before, actor, now, reason)
    return campaign


def _record_archiving(
    session: Session,
    campaign: Campaign,
    action: str,
    before: Mapping[str, object],
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    campaign.version += 1
    after = {"status": campaign.status, "archived_at": campaign.archived_at}
    audit.record(
        session,
        actor,
        action,
        campaign.slug,
        now=now,
        campaign_id=campaign.id,
        before=before,
        after=after,
        reason=reason,
    )


_STEPS = {
    CampaignStatus.DRAFT: {CampaignStatus.OPEN, CampaignStatus.CLOSED},
    CampaignStatus.OPEN: {CampaignStatus.PAUSED, CampaignStatus.CLOSED},
    CampaignStatus.PAUSED: {CampaignStatus.OPEN, CampaignStatus.CLOSED},
    CampaignStatus.CLOSED: set[CampaignStatus](),
}
_ACTS = {CampaignStatus.OPEN: "open", CampaignStatus.PAUSED: "pause", CampaignStatus.CLOSED: "close"}


def _has_entries(session: Session, campaign_id: UUID) -> bool:
    return bool(session.scalar(select(exists().where(Entry.campaign_id == campaign_id))))


def _check_not_archived(campaign: Campaign) -> None:
    if campaign.archived_at is not None:
        raise Conflict("this campaign is archived: bring it back into the list first")


def _check_lose_weight(weight: int) -> None:
    if not 0 <= weight <= MAX_WEIGHT:
        raise InvalidInput("weight", "use a whole number from 0 to %(most)s", most=MAX_WEIGHT)


def _check_whole(name: str, number: int, allowed: range) -> None:
    if number not in allowed:
        raise InvalidInput(
            name, "use a whole number from %(least)s to %(most)s", least=allowed[0], most=allowed[-1]
        )


def _check_tier(session: Session, campaign_id: UUID, plan: CampaignPlan) -> None:
    if plan.refer_tier_id is None:
        return
    tier = session.get(Tier, plan.refer_tier_id, populate_existing=True)
    if tier is None or tier.campaign_id != campaign_id or tier.removed_at is not None:
        raise InvalidInput("refer_tier_id", "choose a tier of this campaign")


def _check_window(plan: CampaignPlan) -> None:
    for name, moment in (("opens_at", plan.opens_at), ("closes_at", plan.closes_at)):
        if moment is not None and moment.year not in YEARS:
            raise InvalidInput(
                name, "Use a year from %(first)s to %(last)s.", first=str(YEARS[0]), last=str(YEARS[-1])
            )
    if plan.opens_at and plan.closes_at and plan.opens_at >= plan.closes_at:
        raise InvalidInput("closes_at", "the end must come after the start")


def _checked(plan: CampaignPlan) -> CampaignPlan:
    """The plan made tidy. Raises InvalidInput."""
    if not is_slug(plan.slug):
        raise InvalidInput("slug", "use 2 to 60 small letters, digits and single hyphens, such as summer-26")
    if plan.slug in RESERVED_SLUGS:
        raise InvalidInput(
            "slug", "the console itself uses “%(slug)s”; choose another address", slug=plan.slug
        )
    if plan.timezone not in available_timezones():
        raise InvalidInput(
            "timezone", "“%(name)s” is no time zone; use one such as Europe/Istanbul", name=plan.timezone
        )
    if plan.language not in ENTRANTS:
        raise InvalidInput("language", "choose one of %(names)s", names=", ".join(ENTRANTS))
    if plan.accent not in ACCENTS:
        raise InvalidInput("accent", "choose one of %(names)s", names=", ".join(ACCENTS))
    _check_whole("proof_hours", plan.proof_hours, HOURS)
    _check_whole("remind_days", plan.remind_days, REMIND_DAYS)
    _check_whole("touch_hours", plan.touch_hours, TOUCH_HOURS)
    _check_whole("refer_most", plan.refer_most, MOST)
    _check_window(plan)
    return replace(
        plan,
        title=one_line("title", plan.title, 120),
        sponsor=one_line("sponsor", plan.sponsor, 120) if plan.sponsor.strip() else "",
        intro=many_lines("intro", plan.intro, 2000),
        eligibility=many_lines("eligibility", plan.eligibility, 2000),
        rules=many_lines("rules", plan.rules, 50_000),
    )
