"""The self-check finds real damage, and names the promise that is broken."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, NullPool, create_engine, select, text
from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.domain.eligibility import EntryLimit
from app.domain.errors import NotFound
from app.domain.odds import Limits
from app.domain.outcomes import AwardReason
from app.extensions import db
from app.models import Campaign, Entry
from app.services import campaigns, prizes, rollups, tiers
from app.services.audit import COMMAND_LINE
from app.services.check import check
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from tests.support import postgres
from tests.support.application import application, environment, migrate
from tests.support.databases import Databases
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

Damage = Callable[..., None]
NAMES = [
    "seeds",
    "odds",
    "stock",
    "codes",
    "replacements",
    "redemptions",
    "limits",
    "nonces",
    "awards",
    "draws",
    "fallbacks",
    "room",
    "messages",
    "counts",
    "caps",
    "figures",
]


@pytest.fixture(scope="module")
def past_url(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a campaign that has a past, to be copied."""
    url, folder = databases.create_empty(), tmp_path_factory.mktemp("past")
    migrate(url, folder)
    with application(environment(url, folder)) as app, app.app_context(), Session(db.engine) as session:
        make_past(session)
    yield url
    databases.discard(url)


@pytest.fixture
def database_url(past_url: str, databases: Databases, request: pytest.FixtureRequest) -> Iterator[str]:
    """A copy of the test's own, which may lose its guards."""
    if past_url.startswith("sqlite"):
        url = databases.create_empty()
        shutil.copyfile(past_url.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
    else:
        name = postgres.database_name(past_url)
        server = request.getfixturevalue("postgres_server")
        url = postgres.create_database(server, f"{name}_copy", template=name)
    yield url
    databases.discard(url)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return campaigns.get(session, "summer")


def make_past(session: Session) -> None:
    """A campaign with hits, a fallback, an empty tier, losses, changed odds and removed stock."""
    made = make_campaign(
        session,
        (TierSpec("Silver", codes=3), TierSpec("Gold", codes=1, fallback="Silver"), TierSpec("Tin", codes=1)),
        lose_weight=1,
        limit=EntryLimit.DAILY,
        timezone="Europe/Istanbul",
    )
    rng = FakeRng(50)
    silver, _, tin = tiers.listing(session, made.id)
    prizes.add(session, silver.id, PrizePlan("Coffee"), quantity=4, actor=COMMAND_LINE, now=NOON, rng=rng)
    for number in range(1, 16):
        submit_entry(session, submission(number), now=NOON, rng=rng, vault=VAULT)
    coffee = prizes.find_by_name(session, made.id, "Coffee")
    assert coffee is not None
    plan = PrizePlan("Coffee", text="Hot")
    prizes.edit(session, coffee.id, plan, quantity=30, actor=COMMAND_LINE, now=NOON, rng=rng)
    prizes.edit(session, coffee.id, plan, quantity=28, actor=COMMAND_LINE, now=NOON, rng=rng)
    tiers.remove(session, tin.id, actor=COMMAND_LINE, now=NOON)
    plenty = Limits(per_hour=99, per_person=99, opens_at=NOON)
    tiers.edit(session, silver.id, TierPlan("Silver", 5, limits=plenty), actor=COMMAND_LINE, now=NOON)
    prize = prizes.add(
        session, silver.id, PrizePlan("Tea"), quantity=2, actor=COMMAND_LINE, now=NOON, rng=rng
    )
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    for number in range(16, 31):
        submit_entry(session, submission(number), now=NOON, rng=rng, vault=VAULT)


@pytest.fixture
def damage(session: Session) -> Damage:
    """Run statements behind the application's back, after taking the guards of some tables off."""

    def run(*statements: str, loosen: Sequence[str] = ()) -> None:
        session.rollback()
        session.expire_all()
        engine = create_engine(session.get_bind().engine.url, poolclass=NullPool)
        with engine.begin() as connection:
            for table in loosen:
                take_guards_off(connection, table)
            for statement in statements:
                done = connection.exec_driver_sql(statement.format(**CHOSEN))
                assert done.rowcount, f"nothing to damage: {statement}"
        engine.dispose()

    return run


def take_guards_off(connection: Connection, table: str) -> None:
    """Drop every trigger and constraint of a table."""
    run = connection.exec_driver_sql
    if connection.dialect.name == "sqlite":  # which can only make the table anew
        run(f"CREATE TABLE loose AS SELECT * FROM {table}")  # noqa: S608
        run(f"DROP TABLE {table}")
        run(f"ALTER TABLE loose RENAME TO {table}")
        return
    run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    guards = "SELECT conname FROM pg_constraint WHERE contype <> 'n' AND conrelid = CAST(:name AS regclass)"
    for name in connection.scalars(text(guards), {"name": table}).all():
        run(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name} CASCADE")


def faults(session: Session, slug: str | None = None) -> dict[str, str]:
    """What is wrong, by the name of the promise."""
    return {finding.name: finding.detail for finding in check(session, VAULT, slug) if not finding.ok}


def test_all_holds_on_a_campaign_with_a_past(session: Session, campaign: Campaign) -> None:
    findings = list(check(session, VAULT))
    assert [finding.name for finding in findings] == NAMES
    assert [finding for finding in findings if not finding.ok] == []
    counts = {finding.name: finding.count for finding in findings}
    assert counts["draws"] == counts["nonces"] == counts["limits"] == 30
    assert counts["codes"] == counts["awards"] > 5
    reasons = session.scalars(select(Entry.reason).distinct()).all()
    assert set(reasons) == set(AwardReason) - {AwardReason.BONUS}, (
        "the campaign's past has every kind of outcome"
    )


def test_an_unknown_campaign(session: Session) -> None:
    with pytest.raises(NotFound):
        check(session, VAULT, "nowhere")


def test_one_campaign_or_all(session: Session, campaign: Campaign, damage: Damage) -> None:
    make_campaign(session, slug="other", seed=4)
    damage("UPDATE campaign SET lose_weight = 77 WHERE slug = 'summer'")
    assert faults(session, "other") == {}
    assert set(faults(session)) == {"odds"}


# The promises it breaks, the statements that do it, and the tables whose own guards would have refused.
DAMAGES: dict[str, tuple[set[str], list[str], list[str]]] = {
    "a changed ticket": ({"draws"}, ["UPDATE entry SET ticket = ticket + 1"], []),
    "another commitment": ({"draws"}, ["UPDATE entry SET entry_commit = nonce"], []),
    "another nonce": (
        {"draws"},
        ["UPDATE entry SET nonce = substr(entry_commit, 1, 16) WHERE id = {entry}"],
        [],
    ),
    "another tier hit": (
        {"draws", "fallbacks"},
        ["UPDATE entry SET tier_hit_id = {tin} WHERE id = {entry}"],
        ["entry"],
    ),
    "another tier awarded": (
        {"awards", "fallbacks"},
        ["UPDATE entry SET tier_awarded_id = {tin} WHERE id = {entry}"],
        ["entry"],
    ),
    "another word for why": ({"fallbacks"}, ["UPDATE entry SET reason = 'hit'"], ["entry"]),
    "an award gone": (
        {"awards", "codes", "stock", "messages"},
        ["DELETE FROM award WHERE entry_id = {entry}"],
        [],
    ),
    "an award out of thin air": (
        {"awards", "codes", "stock", "messages"},
        [
            """INSERT INTO award (entry_id, campaign_id, tier_id, prize_id, code_id, tier_name, prize_name,
            created_at) SELECT (SELECT id FROM entry WHERE reason = 'no_win' LIMIT 1), campaign_id,
            tier_id, prize_id, code_id, tier_name, prize_name, created_at FROM award LIMIT 1"""
        ],
        ["award"],
    ),
    "an award of another tier": (
        {"awards"},
        ["UPDATE award SET tier_id = {tin} WHERE entry_id = {entry}"],
        [],
    ),
    "an award of another prize": (
        {"awards", "stock"},
        ["UPDATE award SET prize_id = {tea} WHERE entry_id = {entry}"],
        [],
    ),
    "an award in another campaign": (
        {"awards", "stock"},
        ["UPDATE award SET campaign_id = {tin} WHERE entry_id = {entry}"],
        ["award"],
    ),
    "a won code set free": ({"codes", "stock"}, ["UPDATE code SET status = 'free' WHERE id = {won}"], []),
    "a free code taken": ({"codes", "stock"}, ["UPDATE code SET status = 'won' WHERE id = {free}"], []),
    "a free code withdrawn": ({"stock"}, ["UPDATE code SET status = 'withdrawn' WHERE id = {free}"], []),
    "a code gone": ({"stock"}, ["DELETE FROM code WHERE id = {free}"], []),
    "withdrawn codes back": ({"stock"}, ["UPDATE code SET status = 'free' WHERE status = 'withdrawn'"], []),
    "an entry gone": ({"awards"}, ["DELETE FROM entry WHERE id = {entry}"], ["award", "entry"]),
    "an entry counted for another day": ({"limits"}, ["UPDATE entry SET period = '2030-01-01'"], []),
    "two entries of one person": (
        {"limits", "draws"},
        ["UPDATE entry SET entrant_id = (SELECT id FROM entrant ORDER BY id LIMIT 1)"],
        ["entry"],
    ),
    "one nonce twice": (
        {"nonces", "draws"},
        ["UPDATE entry SET nonce = (SELECT nonce FROM entry ORDER BY id LIMIT 1)"],
        ["entry"],
    ),
    "a winner who is not told": ({"messages"}, ["DELETE FROM message WHERE entry_id = {entry}"], []),
    "a winner who is told before the address is proved": (
        {"messages"},
        ["UPDATE award SET held_until = created_at WHERE entry_id = {entry}"],
        ["award"],
    ),
    "a loser who is told of a win": (
        {"messages"},
        [
            """UPDATE message SET entry_id = (SELECT id FROM entry WHERE reason = 'no_win' LIMIT 1)
            WHERE entry_id = {entry}"""
        ],
        [],
    ),
    "other weights": ({"odds"}, ["UPDATE tier SET weight = weight + 1 WHERE removed_at IS NULL"], []),
    "a tier switched off": ({"odds"}, ["UPDATE tier SET enabled = false WHERE removed_at IS NULL"], []),
    "an older version in force": ({"odds"}, ["UPDATE campaign SET odds_version = 1"], []),
    "an odds table rewritten": (
        {"odds"},
        ["UPDATE odds_table SET document = replace(document, 'weight\":1', 'weight\":2') WHERE version = 3"],
        ["odds_table"],
    ),
    "an odds table not in canonical form": (
        {"odds"},
        ["UPDATE odds_table SET document = replace(document, ':', ': ') WHERE version = 3"],
        ["odds_table"],
    ),
    "an odds table unreadable": (
        {"odds", "draws", "fallbacks"},
        ["UPDATE odds_table SET document = 'gone'"],
        ["odds_table"],
    ),
    "a broken chain": (
        {"odds"},
        ["UPDATE odds_table SET prev_hash = hash WHERE version = 3"],
        ["odds_table"],
    ),
    "a link of the chain gone": ({"odds"}, ["DELETE FROM odds_table WHERE version = 2"], ["odds_table"]),
    "a seed under another promise": (
        {"seeds"},
        ["UPDATE campaign SET seed_commit = (SELECT min(hash) FROM odds_table)"],
        [],
    ),
    "a seed that is lost": (
        {"seeds", "draws"},
        ["UPDATE campaign SET seed_encrypted = (SELECT entry_commit FROM entry WHERE id = {entry})"],
        [],
    ),
}
CHOSEN = {
    "entry": "(SELECT id FROM entry WHERE reason = 'hit' ORDER BY id LIMIT 1)",
    "tin": "(SELECT id FROM tier WHERE name = 'Tin')",
    "tea": "(SELECT id FROM prize WHERE name = 'Tea')",
    "free": "(SELECT min(id) FROM code WHERE status = 'free')",
    "won": "(SELECT min(id) FROM code WHERE status = 'won')",
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(session: Session, damage: Damage, name: str) -> None:
    promises, statements, loosen = DAMAGES[name]
    damage(*statements, loosen=loosen)
    assert set(faults(session)) == promises


def test_the_first_faults_are_told_and_the_others_counted(session: Session, damage: Damage) -> None:
    damage("UPDATE entry SET ticket = ticket + 1")
    detail = faults(session)["draws"]
    assert detail.count("has ticket") == 3
    assert detail.endswith("; and 27 more")


def test_another_key_is_told_as_such(session: Session, campaign: Campaign) -> None:
    findings = {finding.name: finding for finding in check(session, SeedVault(bytes(32)))}
    assert "PRIZEWELL_SEED_KEY" in findings["seeds"].detail
    assert "seed unreadable" in findings["draws"].detail
    assert findings["fallbacks"].ok


def test_codes_under_another_campaigns_prize(session: Session, damage: Damage) -> None:
    make_campaign(session, slug="other", seed=4)
    damage(
        "UPDATE prize SET campaign_id = (SELECT id FROM campaign WHERE slug = 'other') WHERE name = 'Coffee'"
    )
    assert "another campaign" in faults(session, "summer")["stock"]


def test_wins_from_before_the_oldest_message_kept_are_not_missed(
    session: Session, campaign: Campaign, damage: Damage
) -> None:
    damage("UPDATE award SET created_at = '2029-01-01 00:00:00' WHERE entry_id = {entry}")
    damage("DELETE FROM message WHERE entry_id = {entry}")
    assert faults(session) == {}
    damage("DELETE FROM message")
    assert faults(session) == {}


def test_figures_that_differ_from_the_rows_are_found(
    session: Session, campaign: Campaign, damage: Damage
) -> None:
    assert rollups.roll(session, campaign.id, now=NOON + timedelta(days=90)) > 0
    assert "figures" not in faults(session)
    damage("UPDATE figure_day SET visits = visits + 1 WHERE dimension = 'all'")
    assert "differ in 2 sums" in faults(session)["figures"]
