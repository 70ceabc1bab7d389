"""Figures at the console: out of what was added up, as a page, a file, and campaigns side by side."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import ROOT
from app.domain.eligibility import EntryLimit
from app.domain.figures import COUNTS, FUNNEL, return_on_investment
from app.domain.roles import Role
from app.models import Campaign, CampaignCost
from app.services import audit, partners, redemptions, rollups, shoppers
from app.services.audit import COMMAND_LINE
from app.services.redemptions import Order, Redeemed
from app.web import figure_words
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted
from tests.support.shop import STAFF, win
from tests.support.staff import Staff, sign_in, version_in

PAGE = "/admin/campaigns/summer/report"
AGO = timedelta(days=40)
COSTS = {"currency": "eur", "media": "10,50", "prizes": "5", "other": "", "discount": "0.25", "version": "0"}


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """Three wins of forty days ago, one of them redeemed two days later for €31.50; added up."""
    then = datetime.now(UTC) - AGO
    made = make_campaign(session, (TierSpec("Gold", codes=9),), limit=EntryLimit.DAILY, now=then)
    wins = [win(session, number, now=then) for number in (1, 2, 3)]
    order = Order("A-1", 3150, "EUR", at=then + timedelta(days=2, hours=1))
    done = redemptions.redeem(session, wins[0].code, order, STAFF, now=datetime.now(UTC), rng=FakeRng(8))
    assert isinstance(done, Redeemed)
    session.rollback()
    rollups.roll(session, made.id, now=datetime.now(UTC))
    shoppers.roll(session, now=datetime.now(UTC))
    return made


def words(page: str) -> str:
    return " ".join(page.split())


def test_before_anything_is_added_up(editor: Staff, session: Session) -> None:
    make_campaign(session)
    assert "Nothing is added up yet" in editor.page(PAGE)


def test_the_page(editor: Staff, campaign: Campaign) -> None:
    page = words(editor.page(PAGE))
    assert "3 entries by 3 people" in page
    assert page.count('<span class="value">33.33%</span>') == 1  # the redemption rate
    assert page.count('<span class="value">€31.50</span>') == 3  # revenue, average order, customer value
    assert "Enter the costs to see it." in page
    assert '<span class="label">Days to redeem</span> <span class="value">2</span>' in page
    assert page.count("As a table") == 2
    assert "Gold prize" in page
    assert "style=" not in page
    for title, text in figure_words.FORMULAS.values():
        assert str(title) in page
        assert str(text).split(".")[0].split("’")[0] in page


def test_every_count_has_a_name_and_a_formula() -> None:
    assert {*COUNTS, *FUNNEL} <= figure_words.FORMULAS.keys()
    assert set(rollups.DIMENSIONS) == figure_words.DIMENSION_NAMES.keys()


def test_the_page_reads_sums_only(editor: Staff, campaign: Campaign, app: Flask) -> None:
    with counted(app) as said:
        editor.page(PAGE)
    read = " ".join(" ".join(said).lower().split())
    assert "figure_day" in read
    for table in ("from entry", "join entry", "from award", "join award", "from redemption", "from code"):
        assert table not in read


def test_costs_are_entered_and_the_return_is_told(
    editor: Staff, campaign: Campaign, session: Session
) -> None:
    campaign_id = campaign.id
    answer = editor.post(f"{PAGE}/costs", COSTS)
    assert answer.status_code == 303
    session.rollback()
    row = session.get_one(CampaignCost, campaign_id)
    assert (row.currency, row.media, row.prizes, row.other, row.discount, row.version) == (
        "EUR",
        1050,
        500,
        0,
        25,
        1,
    )
    page = words(editor.page(PAGE))
    assert "costs: €15.75" in page
    assert '<span class="value">100%</span>' in page  # (31.50 - 15.75) / 15.75
    form = editor.page(f"{PAGE}/costs")
    assert 'value="10.50"' in form
    editor.post(f"{PAGE}/costs", COSTS | {"version": version_in(form)})  # nothing changed: no record
    assert [each.action for each in audit.latest(session, campaign_id=campaign_id)].count("costs.edit") == 1


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ({"currency": "EU"}, "three letters"),
        ({"currency": "JPY"}, "0 digits after the point"),
        ({"media": "1.005"}, "digits"),
        ({"media": "much"}, "amount"),
    ],
)
def test_costs_that_will_not_do(
    editor: Staff, campaign: Campaign, session: Session, wrong: dict[str, str], hint: str
) -> None:
    answer = editor.post(f"{PAGE}/costs", COSTS | wrong)
    assert answer.status_code == 422
    assert hint in answer.get_data(as_text=True)
    assert session.scalars(select(CampaignCost)).all() == []


def test_a_stale_edit_is_shown_beside_what_is_stored(editor: Staff, campaign: Campaign) -> None:
    editor.post(f"{PAGE}/costs", COSTS)
    answer = editor.post(f"{PAGE}/costs", COSTS | {"media": "99"})
    assert answer.status_code == 409
    assert "10.5" in answer.get_data(as_text=True)


def test_the_file_has_every_sum(editor: Staff, campaign: Campaign) -> None:
    answer = editor.get(f"{PAGE}.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))
    total = next(row for row in rows if row["dimension"] == "all" and row["entries"])
    assert (total["entries"], total["wins"], total["redeemed"]) == ("3", "3", "1")
    money = next(row for row in rows if row["dimension"] == "all" and row["currency"])
    assert (money["orders"], money["amount_minor"]) == ("1", "3150")
    assert {row["name"] for row in rows if row["dimension"] == "tier"} == {"Gold"}


def test_campaigns_side_by_side(editor: Staff, campaign: Campaign, session: Session) -> None:
    make_campaign(session, slug="other", seed=4)
    editor.post(f"{PAGE}/costs", COSTS)
    page = words(editor.page("/admin/figures"))
    assert page.count("<tr>") == 3
    assert "100%" in page


def test_no_campaigns_to_compare(editor: Staff) -> None:
    assert "No campaigns yet" in editor.page("/admin/figures")


def test_names_of_places(app: Flask) -> None:
    with app.test_request_context():
        assert figure_words.value_name("country", "TR") == "Türkiye"
        assert figure_words.value_name("language", "de") == "German"
        assert figure_words.value_name("device", "tablet") == "Tablet"
        assert figure_words.value_name("source", "instagram") == "instagram"
        assert figure_words.value_name("partner", "") == "without a partner"
        assert figure_words.value_name("source", "") == "not known"
        assert figure_words.rate(return_on_investment(50, 100)) == "−50%"


def test_the_page_and_the_documentation_say_the_same() -> None:
    text = " ".join((ROOT / "docs" / "figures.md").read_text(encoding="utf-8").split())
    for title, formula in figure_words.FORMULAS.values():
        assert f"| {title} | {formula} |" in text or f"**{title}** – {formula}" in text


def test_partners_side_by_side(editor: Staff, campaign: Campaign, session: Session) -> None:
    page_of = f"{PAGE}/partners"
    assert "No partners yet" in editor.page(page_of)
    ids = [
        partners.add(
            session, campaign.id, slug, name, actor=COMMAND_LINE, now=NOON, rng=FakeRng(len(slug))
        ).id
        for slug, name in (("ayse", "Ayşe"), ("bo", "Bo"))
    ]
    win(session, 8, now=datetime.now(UTC), partner=ids[1])
    rollups.roll(session, campaign.id, now=datetime.now(UTC))
    page = words(editor.page(page_of))
    assert page.index("Bo<span") < page.index("Ayşe<span")  # by entries, unless asked otherwise
    assert (
        '<th scope="col" class="num" title="Forms that were taken and drawn." aria-sort="descending">' in page
    )
    assert "by=entries&amp;up=1" in page
    by_name = words(editor.page(f"{page_of}?by=name"))
    assert by_name.index("Ayşe<span") < by_name.index("Bo<span")
    assert 'aria-sort="ascending"' in by_name
    assert editor.get(f"{page_of}?by=nothing&up=x").status_code == 200
    assert "without a partner" in page
    rows = list(csv.DictReader(io.StringIO(editor.get(f"{page_of}.csv").get_data(as_text=True))))
    assert [(row["partner"], row["entries"], row["wins"]) for row in rows] == [
        ("Ayşe", "0", "0"),
        ("Bo", "1", "1"),
    ]
    assert "Compare its partners" in editor.page("/admin/figures")


def test_nothing_to_compare_before_it_is_added_up(editor: Staff, session: Session) -> None:
    make_campaign(session)
    assert "Nothing is added up yet" in editor.page(f"{PAGE}/partners")
