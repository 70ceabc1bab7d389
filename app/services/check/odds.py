"""Seeds and odds: what was promised before the first entry, and every version since."""

from sqlalchemy.orm import Session

from app.domain.draw import seed_commitment
from app.domain.odds import FIRST_PREV, OddsTable, TierOdds
from app.services import odds, tiers
from app.services.check.tally import Subject, Tally


def check_seeds(_session: Session, subject: Subject, tally: Tally) -> None:
    """The seed opens, and is the one its commitment promised."""
    tally.seen += 1
    seed, slug = subject.seed(), subject.campaign.slug
    if seed is None:
        tally.expect(False, f"the seed of {slug} cannot be opened with this PRIZEWELL_SEED_KEY")
    else:
        fits = seed_commitment(subject.id, seed) == subject.campaign.seed_commit
        tally.expect(fits, f"the seed of {slug} is not the one promised")


def check_odds(session: Session, subject: Subject, tally: Tally) -> None:
    """The versions form one chain of hashes, and the last one says what the tiers say."""
    campaign = subject.campaign
    previous, version, table = FIRST_PREV, 0, None
    for version, record in enumerate(odds.history(session, campaign.id), start=1):
        tally.seen += 1
        place = f"{campaign.slug} version {record.version}"
        table = parsed(record.document)
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
            TierOdds(tier.id, tier.weight, tier.on_empty, tier.fallback_id, tier.limits)
            for tier in tiers.listing(session, campaign.id)
            if tier.enabled
        )
        same = (lines, campaign.lose_weight) == (table.tiers, table.lose_weight)
        tally.expect(same, f"the tiers of {campaign.slug} are not those of its last version")


def parsed(document: str) -> OddsTable | None:
    """The table of a stored document; None when it cannot be read."""
    try:
        return odds.parse(document)
    except (ValueError, KeyError, TypeError):
        return None
