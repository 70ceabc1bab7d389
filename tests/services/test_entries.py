"""submit_entry: one nonce, one outcome; one person, one entry; nothing given twice, nothing steered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.adapters.captcha import Unsolved
from app.adapters.direct import DirectConnection
from app.adapters.seeds import SeedVault
from app.domain.draw import draw, entry_commitment
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.errors import NotFound, SeedUnreadable
from app.domain.outcomes import AwardReason, Lost, Outcome, RefusalReason, Refused, Won
from app.models import Award, Code, CodeStatus, Entrant, Entry, SpentChallenge
from app.services import entries, odds, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import Submission, outcome_of, submit_entry
from app.services.tiers import TierPlan
from tests.support.databases import AT_EACH_ISOLATION
from tests.support.factories import VAULT, TierSpec, make_campaign, solved, submission
from tests.support.fakes import NOON, FakeRng

pytestmark = AT_EACH_ISOLATION
Enter = Callable[..., Outcome]


@pytest.fixture
def enter(session: Session) -> Enter:
    rng = FakeRng(7)

    def submit(entry: Submission, now: datetime = NOON) -> Outcome:
        return submit_entry(session, entry, now=now, rng=rng, vault=VAULT)

    return submit


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_win_is_one_code_one_award_one_entry(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session)
    outcome = enter(submission())
    assert isinstance(outcome, Won)
    assert (outcome.tier, outcome.prize) == ("Gold", "Gold prize")
    code = session.scalars(select(Code).where(Code.status == CodeStatus.WON)).one()
    award = session.scalars(select(Award)).one()
    entry = session.scalars(select(Entry)).one()
    assert outcome.code == code.text
    assert (award.entry_id, award.code_id, award.campaign_id) == (entry.id, code.id, campaign.id)
    assert (entry.reason, entry.tier_hit_id) == (AwardReason.HIT, entry.tier_awarded_id)


def test_what_is_stored_is_what_the_draw_says(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", 2), TierSpec("Silver", 3)], lose_weight=5)
    table = odds.in_force(session, campaign)
    seed = VAULT.open(campaign.id, campaign.seed_encrypted)
    for number in range(1, 21):
        enter(submission(number))
    for entry in session.scalars(select(Entry)):
        commitment = entry_commitment(campaign.id, entry.nonce, entry.email)
        drawn = draw(seed, commitment, table)
        stored = (entry.entry_commit, entry.ticket, entry.tier_hit_id, entry.odds_version)
        assert stored == (commitment, drawn.ticket, drawn.tier, table.version)


def test_a_ticket_past_the_last_tier_loses(session: Session, enter: Enter) -> None:
    make_campaign(session, [TierSpec("Gold", weight=0)], lose_weight=1)
    assert isinstance(enter(submission()), Lost)
    entry = session.scalars(select(Entry)).one()
    assert (entry.reason, entry.tier_hit_id, entry.tier_awarded_id) == (AwardReason.NO_WIN, None, None)


def test_the_same_nonce_gets_the_stored_outcome_again(session: Session, enter: Enter) -> None:
    make_campaign(session)
    first = enter(submission())
    assert enter(submission(), NOON + timedelta(hours=3)) == first
    assert enter(replace(submission(), captcha=Unsolved(RefusalReason.CAPTCHA_EXPIRED))) == first
    assert (count(session, Entry), count(session, Award)) == (1, 1)


def test_a_loss_is_stored_like_a_win(session: Session, enter: Enter) -> None:
    make_campaign(session, [TierSpec("Gold", 0)], lose_weight=1)
    first = enter(submission())
    assert isinstance(first, Lost)
    assert enter(submission()) == first
    assert outcome_of(session, first.entry)[1] == first


def test_a_replay_is_answered_after_the_close(session: Session, enter: Enter) -> None:
    make_campaign(session, closes_at=NOON + timedelta(hours=1))
    first = enter(submission())
    assert enter(submission(), NOON + timedelta(days=1)) == first
    assert enter(submission(2), NOON + timedelta(days=1)) == Refused(RefusalReason.CLOSED)


def test_a_replay_says_what_was_won_under_the_names_of_then(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session)
    first = enter(submission())
    tier = tiers.listing(session, campaign.id)[0]
    tiers.edit(session, tier.id, TierPlan("Platinum", 1), actor=COMMAND_LINE, now=NOON)
    assert enter(submission()) == first


def test_a_nonce_with_another_address_is_refused(session: Session, enter: Enter) -> None:
    make_campaign(session)
    enter(submission())
    other = submission(2, nonce=submission().nonce)
    assert enter(other) == Refused(RefusalReason.NONCE_USED)
    assert count(session, Entry) == 1


@pytest.mark.parametrize("alias", ["PERSON1@Example.ORG", "person1@EXAMPLE.org"])
def test_one_person_enters_once_however_the_address_is_written(
    session: Session, enter: Enter, alias: str
) -> None:
    make_campaign(session)
    enter(submission())
    again = submission(2, email=alias)
    assert enter(again) == Refused(RefusalReason.ALREADY_ENTERED)
    assert count(session, Entrant) == 1


def test_gmail_dots_and_tags_are_one_person(session: Session, enter: Enter) -> None:
    make_campaign(session)
    enter(submission(1, email="ayse.kaya@gmail.com"))
    second = submission(2, email="AyseKaya+win@googlemail.com")
    assert enter(second) == Refused(RefusalReason.ALREADY_ENTERED)


def test_a_daily_limit_counts_days_in_the_campaigns_zone(session: Session, enter: Enter) -> None:
    make_campaign(session, limit=EntryLimit.DAILY, timezone="Europe/Istanbul")
    before_midnight = datetime.fromisoformat("2030-06-15T20:59:59+00:00")
    assert isinstance(enter(submission(1), before_midnight), Won)
    again = submission(2, email="person1@example.org", captcha=solved(2))
    refused = enter(again, before_midnight)
    assert isinstance(refused, Refused)
    assert refused.reason is RefusalReason.ALREADY_ENTERED_TODAY
    assert refused.next_chance == before_midnight + timedelta(seconds=1)
    third = submission(3, email="person1@example.org", captcha=solved(3))
    assert isinstance(enter(third, before_midnight + timedelta(seconds=1)), Won)


def test_a_loser_of_a_daily_campaign_is_told_the_next_chance(session: Session, enter: Enter) -> None:
    make_campaign(session, [TierSpec("Gold", 0)], lose_weight=1, limit=EntryLimit.DAILY)
    outcome = enter(submission())
    assert isinstance(outcome, Lost)
    assert outcome.next_chance == datetime.fromisoformat("2030-06-16T00:00:00+00:00")


def test_an_empty_tier_loses_and_says_why(session: Session, enter: Enter) -> None:
    make_campaign(session, [TierSpec("Gold", codes=1)])
    assert isinstance(enter(submission(1)), Won)
    assert isinstance(enter(submission(2)), Lost)
    reasons = session.scalars(select(Entry.reason).order_by(Entry.email)).all()
    assert reasons == [AwardReason.HIT, AwardReason.EMPTY]


def test_an_empty_tier_falls_back_to_another(session: Session, enter: Enter) -> None:
    make_campaign(
        session,
        [TierSpec("Bronze", 0, codes=1), TierSpec("Silver", 0, codes=1, fallback="Bronze"),
         TierSpec("Gold", 1, codes=1, fallback="Silver")],
    )  # fmt: skip
    won = [enter(submission(number)) for number in (1, 2, 3, 4)]
    assert [getattr(outcome, "tier", None) for outcome in won] == ["Gold", "Silver", "Bronze", None]
    reasons = session.scalars(select(Entry.reason).order_by(Entry.email)).all()
    assert reasons == [AwardReason.HIT, AwardReason.FALLBACK, AwardReason.FALLBACK, AwardReason.EMPTY]


def test_a_captcha_opens_one_entry(session: Session, enter: Enter) -> None:
    make_campaign(session)
    enter(submission(1, captcha=solved(9)))
    assert enter(submission(2, captcha=solved(9))) == Refused(RefusalReason.CAPTCHA_SPENT)
    assert count(session, Entry) == 1


@pytest.mark.parametrize("reason", [RefusalReason.CAPTCHA_INVALID, RefusalReason.CAPTCHA_EXPIRED])
def test_an_unsolved_captcha_enters_nothing(session: Session, enter: Enter, reason: RefusalReason) -> None:
    make_campaign(session)
    assert enter(submission(captcha=Unsolved(reason))) == Refused(reason)
    assert count(session, Entry) == count(session, SpentChallenge) == 0


def test_asking_whether_somebody_has_entered_costs_a_captcha(session: Session, enter: Enter) -> None:
    make_campaign(session)
    enter(submission(1))
    probe = submission(2, email="person1@example.org", captcha=solved(2))
    assert enter(probe) == Refused(RefusalReason.ALREADY_ENTERED)
    assert enter(submission(3, captcha=solved(2))) == Refused(RefusalReason.CAPTCHA_SPENT)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (CampaignStatus.DRAFT, RefusalReason.NOT_OPEN),
        (CampaignStatus.PAUSED, RefusalReason.PAUSED),
        (CampaignStatus.CLOSED, RefusalReason.CLOSED),
    ],
)
def test_a_campaign_that_is_not_live_takes_no_entry(
    session: Session, enter: Enter, status: CampaignStatus, reason: RefusalReason
) -> None:
    make_campaign(session, status=status)
    assert enter(submission()) == Refused(reason)
    assert count(session, Entry) == count(session, SpentChallenge) == 0


def test_before_the_opening_hour(session: Session, enter: Enter) -> None:
    make_campaign(session, opens_at=NOON + timedelta(hours=1))
    assert enter(submission()) == Refused(RefusalReason.NOT_OPEN)


def test_a_changed_weight_is_in_force_for_the_very_next_entry(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session, [TierSpec("Gold", 1), TierSpec("Silver", 0)])
    assert getattr(enter(submission(1)), "tier", None) == "Gold"
    gold, silver = tiers.listing(session, campaign.id)
    tiers.edit(session, silver.id, TierPlan("Silver", 1), actor=COMMAND_LINE, now=NOON)
    tiers.edit(session, gold.id, TierPlan("Gold", 0), actor=COMMAND_LINE, now=NOON)
    assert getattr(enter(submission(2)), "tier", None) == "Silver"
    versions = session.scalars(select(Entry.odds_version).order_by(Entry.email)).all()
    assert versions[1] == versions[0] + 2


def test_an_unknown_campaign(session: Session, enter: Enter) -> None:
    with pytest.raises(NotFound):
        enter(submission(campaign="nowhere"))


def test_a_seed_that_cannot_be_opened_closes_entries(session: Session) -> None:
    make_campaign(session)
    with pytest.raises(SeedUnreadable):
        submit_entry(session, submission(), now=NOON, rng=FakeRng(), vault=SeedVault(b"x" * 32))
    assert count(session, Entry) == count(session, SpentChallenge) == 0


def test_an_exception_leaves_nothing_behind(
    session: Session, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_campaign(session)

    def fail(*_args: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(entries, "_award", fail)
        with pytest.raises(OSError, match="disk"):
            enter(submission())
    assert count(session, Entry) == count(session, SpentChallenge) == 0
    assert session.scalar(select(func.count()).where(Code.status == CodeStatus.WON)) == 0
    assert isinstance(enter(submission()), Won), "the same submission goes through afterwards"


def test_the_result_page_reads_the_stored_outcome(session: Session, enter: Enter) -> None:
    campaign = make_campaign(session)
    won = enter(submission())
    assert isinstance(won, Won)
    found, outcome = outcome_of(session, won.entry)
    assert (found.id, outcome) == (campaign.id, won)
    with pytest.raises(NotFound):
        outcome_of(session, campaign.id)


@pytest.mark.parametrize(
    ("specs", "again", "statements"),
    [
        ([TierSpec("Gold", weight=0)], False, 4),  # campaign, CAPTCHA with person, entrant, entry
        ([TierSpec("Gold", weight=0)], True, 3),  # somebody who has entered another campaign
        ([TierSpec("Gold")], False, 8),  # and claim, prize, award, message
    ],
)
def test_an_entry_takes_no_statement_that_is_not_needed(
    session: Session, enter: Enter, specs: list[TierSpec], again: bool, statements: int
) -> None:
    make_campaign(session, specs, lose_weight=0 if specs[0].weight else 1)
    if again:
        make_campaign(session, slug="spring", seed=1)
        enter(submission(1, campaign="spring"))
    with patch.object(DirectConnection, "_run", autospec=True, side_effect=DirectConnection._run) as run:
        enter(submission(1, captcha=solved(77)))
    texts = [call.args[1] for call in run.call_args_list]
    claims = sum(text.startswith("UPDATE code") for text in texts)
    assert claims <= 2, "from its start, and once round"
    assert len(texts) - max(0, claims - 1) == statements
