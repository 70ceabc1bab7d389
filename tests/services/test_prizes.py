"""Prizes: the stock is the codes; a quantity is a number of claim codes; what was won stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.codes import is_well_formed
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.outcomes import Won
from app.domain.pictures import Picture
from app.models import Award, Campaign, Code, Prize, PrizeKind, Tier
from app.services import audit, handling, prizes, stock, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import outcome_of, submit_entry
from app.services.prizes import PrizePlan, Stock
from tests.support.factories import VAULT, TierSpec, add_codes, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

Add = Callable[..., Prize]


@pytest.fixture
def rng() -> FakeRng:
    return FakeRng(42)  # another stream than the factories'


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session, (TierSpec("Gold", codes=0), TierSpec("Silver", weight=0, codes=0)))


@pytest.fixture
def gold(session: Session, campaign: Campaign) -> Tier:
    return tiers.listing(session, campaign.id)[0]


@pytest.fixture
def add(session: Session, gold: Tier, rng: FakeRng) -> Add:
    def make(name: str = "Ring", quantity: int | None = None, **plan: Any) -> Prize:
        return prizes.add(
            session,
            gold.id,
            PrizePlan(name, **plan),
            quantity=quantity,
            actor=COMMAND_LINE,
            now=NOON,
            rng=rng,
        )

    return make


def edit(session: Session, prize: Prize, quantity: int | None = None, **changes: Any) -> Prize:
    expected = changes.pop("expected_version", None)
    plan = PrizePlan(prize.name, prize.text, prize.instructions, prize.artwork)
    return prizes.edit(
        session,
        prize.id,
        replace(plan, **changes),
        quantity=quantity,
        expected_version=expected,
        actor=COMMAND_LINE,
        now=NOON,
        rng=FakeRng(77),
    )


def win(session: Session, *numbers: int) -> list[str]:
    outcomes = [
        submit_entry(session, submission(number), now=NOON, rng=FakeRng(number), vault=VAULT)
        for number in numbers
    ]
    return [outcome.code for outcome in outcomes if isinstance(outcome, Won)]


def test_a_prize_without_quantity_waits_for_its_codes(session: Session, add: Add) -> None:
    ring = add("Ring", text="Pure\r\nsilver", artwork="star")
    assert (ring.kind, ring.text, ring.artwork) == (PrizeKind.CODES, "Pure\nsilver", "star")
    assert prizes.stock_of(session, ring.id) == Stock()


def test_a_quantity_is_so_many_claim_codes(session: Session, add: Add) -> None:
    coffee = add("Coffee", 12)
    texts = session.scalars(select(Code.text).where(Code.prize_id == coffee.id)).all()
    assert coffee.kind is PrizeKind.QUANTITY
    assert prizes.stock_of(session, coffee.id) == Stock(free=12)
    assert all(text.startswith("SUMMER-") and is_well_formed(text) for text in texts)
    record = audit.latest(session)[0]
    assert record.after is not None
    assert (record.action, record.after["added"], record.after["quantity"]) == ("prize.add", 12, 12)
    assert not any(text in str(record.after) for text in texts)


@pytest.mark.parametrize(
    ("slug", "prefix"),
    [("summer-26", "SUMMER"), ("a-b-c", "A-B-C"), ("extraordinary", "EXTRAORD"), ("x1", "X1")],
)
def test_claim_codes_begin_like_the_campaign(slug: str, prefix: str) -> None:
    assert stock.claim_prefix(slug) == prefix


@pytest.mark.parametrize("quantity", [-1, 1_000_001])
def test_quantities_that_will_not_do(session: Session, add: Add, quantity: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        add("Coffee", quantity)
    assert caught.value.field == "quantity"
    assert session.scalar(select(func.count()).select_from(Prize).where(Prize.name == "Coffee")) == 0


@pytest.mark.parametrize(
    ("field", "plan"),
    [
        ("name", PrizePlan("")),
        ("name", PrizePlan("x" * 121)),
        ("text", PrizePlan("Ring", text="x" * 1001)),
        ("instructions", PrizePlan("Ring", instructions="bell \a")),
        ("artwork", PrizePlan("Ring", artwork="../secret")),
    ],
)
def test_fields_that_will_not_do(
    session: Session, gold: Tier, rng: FakeRng, field: str, plan: PrizePlan
) -> None:
    with pytest.raises(InvalidInput) as caught:
        prizes.add(session, gold.id, plan, actor=COMMAND_LINE, now=NOON, rng=rng)
    assert caught.value.field == field


def test_a_name_is_taken_within_the_campaign(session: Session, add: Add, campaign: Campaign) -> None:
    ring = add("Ring")
    with pytest.raises(Conflict):
        add("Ring")
    with pytest.raises(Conflict):
        edit(session, add("Watch"), name="Ring")
    prizes.remove(session, ring.id, actor=COMMAND_LINE, now=NOON)
    found = add("Ring")
    assert prizes.find_by_name(session, campaign.id, "Ring") is found


def test_prizes_stand_in_the_order_of_their_tiers(
    session: Session, campaign: Campaign, add: Add, rng: FakeRng
) -> None:
    silver = tiers.listing(session, campaign.id)[1]
    prizes.add(session, silver.id, PrizePlan("Cup"), actor=COMMAND_LINE, now=NOON, rng=rng)
    add("Watch")
    names = [prize.name for prize in prizes.listing(session, campaign.id)]
    assert names == ["Gold prize", "Watch", "Silver prize", "Cup"]


def test_editing(session: Session, add: Add) -> None:
    ring = add("Ring")
    changed = edit(session, ring, name="Gold ring", instructions="Call us", expected_version=1)
    assert (changed.name, changed.instructions, changed.version) == ("Gold ring", "Call us", 2)
    record = audit.latest(session)[0]
    assert (record.before, record.after) == (
        {"name": "Ring", "instructions": ""},
        {"name": "Gold ring", "instructions": "Call us"},
    )
    with pytest.raises(StaleEdit):
        edit(session, ring, name="Copper ring", expected_version=1)
    assert edit(session, ring).version == 2


def test_a_quantity_goes_up_and_down(session: Session, add: Add) -> None:
    coffee = add("Coffee", 5)
    edit(session, coffee, 8)
    assert prizes.stock_of(session, coffee.id) == Stock(free=8)
    edit(session, coffee, 2)
    assert prizes.stock_of(session, coffee.id) == Stock(free=2, withdrawn=6)
    record = audit.latest(session)[0]
    assert record.after is not None
    assert (record.before, record.after["withdrawn"]) == ({"quantity": 8}, 6)
    assert edit(session, coffee, 2).version == 3


def test_a_quantity_never_falls_below_what_was_won(session: Session, add: Add) -> None:
    coffee = add("Coffee", 5)
    assert len(win(session, 1, 2, 3)) == 3
    with pytest.raises(Conflict, match="won already"):
        edit(session, coffee, 2)
    units = prizes.stock_of(session, coffee.id)
    with pytest.raises(InvalidInput, match="3 have been won already") as caught:
        prizes.check_offered(2, units)
    assert caught.value.field == "quantity"
    prizes.check_offered(3, units)
    assert prizes.stock_of(session, coffee.id) == Stock(free=2, won=3)
    edit(session, coffee, 3)
    assert prizes.stock_of(session, coffee.id) == Stock(won=3, withdrawn=2)
    assert win(session, 4) == []
    edit(session, coffee, 4)
    assert prizes.stock_of(session, coffee.id).total == 4
    assert len(win(session, 5)) == 1


def test_a_pool_of_codes_has_no_quantity(session: Session, add: Add) -> None:
    with pytest.raises(InvalidInput) as caught:
        edit(session, add("Ring"), 5)
    assert caught.value.field == "quantity"


def test_removing_withdraws_free_units_and_keeps_awards(
    session: Session, campaign: Campaign, add: Add
) -> None:
    coffee = add("Coffee", 5)
    assert len(win(session, 1)) == 1
    assert prizes.remove(session, coffee.id, actor=COMMAND_LINE, now=NOON) == 4
    assert prizes.stock_by_prize(session, campaign.id)[coffee.id] == Stock(won=1, withdrawn=4)
    assert session.scalar(select(func.count()).select_from(Award)) == 1
    assert win(session, 2) == []
    record = audit.latest(session, campaign_id=campaign.id)[0]
    assert record.after is not None
    assert (record.action, record.after["withdrawn"]) == ("prize.remove", 4)


def test_withdrawing_in_several_rounds(session: Session, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "PART", 3)
    coffee = add("Coffee", 10)
    edit(session, coffee, 2)
    assert prizes.stock_of(session, coffee.id) == Stock(free=2, withdrawn=8)
    assert prizes.remove(session, coffee.id, actor=COMMAND_LINE, now=NOON) == 2


def test_stock_of_a_whole_campaign(session: Session, campaign: Campaign, add: Add) -> None:
    coffee, ring = add("Coffee", 2), add("Ring")
    by_prize = prizes.stock_by_prize(session, campaign.id)
    assert (by_prize[coffee.id], by_prize[ring.id]) == (Stock(free=2), Stock())
    assert len(by_prize) == 4


def test_what_is_not_there(session: Session, add: Add, rng: FakeRng) -> None:
    gone = add("Gone")
    prizes.remove(session, gone.id, actor=COMMAND_LINE, now=NOON)
    for act in (
        lambda: prizes.get(session, gone.id),
        lambda: prizes.get(session, UUID(int=1)),
        lambda: prizes.remove(session, gone.id, actor=COMMAND_LINE, now=NOON),
        lambda: edit(session, gone, name="Back"),
        lambda: prizes.add(session, UUID(int=1), PrizePlan("Ring"), actor=COMMAND_LINE, now=NOON, rng=rng),
    ):
        with pytest.raises(NotFound):
            act()


def test_what_is_offered_is_counted_once_a_change(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wins leave the sum as it is; what staff put in or take out is seen at once."""
    monkeypatch.setattr(stock, "_offered", {})  # ids come out the same in other tests of this process
    campaign = make_campaign(session, [TierSpec("Gold", codes=3)])
    (prize,) = prizes.listing(session, campaign.id)
    assert stock.offered(session, {prize.id: prize.stock_version}) == {prize.id: 3}
    submit_entry(session, submission(), now=NOON, rng=FakeRng(5), vault=VAULT)
    assert stock.offered(session, {prize.id: prize.stock_version}) == {prize.id: 3}
    monkeypatch.setattr(stock, "_MOST_REMEMBERED", 0)
    add_codes(session, prize, 2, rng=FakeRng(6))
    prize = prizes.get(session, prize.id)
    assert stock.offered(session, {prize.id: prize.stock_version}) == {prize.id: 5}
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    session.expire_all()
    assert stock.offered(session, {prize.id: prize.stock_version}) == {prize.id: 1}


PICTURE = Picture("0123456789abcdef" * 2, 1200, 800)


def test_a_prize_has_a_value_a_picture_and_a_threshold(session: Session, add: Add) -> None:
    ring = add("Ring", value=4990, currency=" eur ", shows_value=True, picture=PICTURE, low_stock_percent=10)
    session.expire_all()
    assert (ring.value, ring.currency, ring.shows_value) == (4990, "EUR", True)
    assert (ring.picture, ring.low_stock, ring.low_stock_percent) == (PICTURE, None, 10)
    record = audit.latest(session)[0]
    assert record.after is not None
    assert (record.after["picture"], record.after["value"]) == (str(PICTURE), 4990)
    edit(session, ring, expires_on=date(2030, 12, 31))
    assert (ring.value, ring.currency, ring.shows_value, ring.picture) == (None, "", False, None)
    record = audit.latest(session)[0]
    assert record.before is not None
    assert record.after is not None
    assert (record.before["picture"], record.after["picture"]) == (str(PICTURE), None)
    assert record.after["expires_on"] == "2030-12-31"


@pytest.mark.parametrize(
    ("field", "plan"),
    [
        ("value", {"value": 0, "currency": "EUR"}),
        ("value", {"value": 10**15, "currency": "EUR"}),
        ("currency", {"value": 100}),
        ("currency", {"value": 100, "currency": "€"}),
        ("currency", {"value": 100, "currency": "EURO"}),
        ("currency", {"value": 100, "currency": "ÜBR"}),
        ("expires_days", {"expires_days": -1}),
        ("expires_days", {"expires_days": 3651}),
        ("expires_days", {"expires_days": 3, "expires_on": date(2030, 1, 1)}),
        ("expires_on", {"expires_on": date(1999, 1, 1)}),
        ("expires_on", {"expires_on": date(9999, 12, 31)}),
        ("low_stock", {"low_stock": 0}),
        ("low_stock", {"low_stock": 3, "low_stock_percent": 3}),
        ("low_stock_percent", {"low_stock_percent": 101}),
        ("link", {"link": "https://shop.example"}),
    ],
)
def test_further_fields_that_will_not_do(
    session: Session, add: Add, field: str, plan: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        add("Ring", **plan)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "link",
    [
        "http://shop.example",
        "javascript:alert(1)",
        "//shop.example",
        "https://",
        "https://user@shop.example",
        "https://shop.example:port/",
        "https://[shop.example",
        "https://shop.example/a b",
        'https://shop.example/"',
        "https://shop.example/\u202e",
        "https://shop.example/" + "x" * 1000,
    ],
)
def test_a_link_is_a_web_address_and_nothing_else(session: Session, add: Add, link: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add("Ring", 3, link=link)
    assert caught.value.field == "link"


@pytest.mark.parametrize(
    "link", ["https://shop.example/gift?from=us#here", " https://müller.example:8443/ä "]
)
def test_a_link_goes_with_a_number_of_things(session: Session, add: Add, link: str) -> None:
    assert add("Ring", 3, link=link).link == link.strip()


@pytest.mark.parametrize(
    ("plan", "expires_at"),
    [
        ({}, None),
        ({"expires_on": date(2030, 12, 31)}, datetime(2030, 12, 31, 21, tzinfo=UTC)),
        ({"expires_days": 14}, datetime(2030, 6, 29, 21, tzinfo=UTC)),
    ],
)
def test_a_win_keeps_when_its_code_ends(
    session: Session, rng: FakeRng, plan: dict[str, Any], expires_at: datetime | None
) -> None:
    campaign = make_campaign(session, (TierSpec("Gold", codes=0),), timezone="Europe/Istanbul")
    (gold,) = prizes.listing(session, campaign.id)
    full = PrizePlan("Gold prize", picture=PICTURE, **plan)
    prizes.edit(session, gold.id, full, actor=COMMAND_LINE, now=NOON, rng=rng)
    add_codes(session, gold, 2, rng=rng)
    won = submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    assert isinstance(won, Won)
    assert (won.expires_at, won.picture, won.link) == (expires_at, PICTURE, "")
    changed = PrizePlan("Gold prize", expires_days=1)
    prizes.edit(session, gold.id, changed, actor=COMMAND_LINE, now=NOON, rng=rng)
    again = submit_entry(session, submission(), now=NOON, rng=FakeRng(5), vault=VAULT)
    assert isinstance(again, Won)
    assert again.expires_at == expires_at
    _campaign, stored = outcome_of(session, won.entry)
    assert isinstance(stored, Won)
    assert stored.expires_at == expires_at


def test_a_replacement_ends_as_its_own_prize_says(session: Session, campaign: Campaign, add: Add) -> None:
    mug = add("Mug", 3, link="https://shop.example/mug", expires_days=3)
    gold = prizes.find_by_name(session, campaign.id, "Gold prize")
    assert gold is not None
    add_codes(session, gold, 1, rng=FakeRng(9))
    numbers = iter(range(1, 50))
    won = None
    while not (isinstance(won, Won) and won.prize == "Gold prize"):
        number = next(numbers)
        won = submit_entry(session, submission(number), now=NOON, rng=FakeRng(number), vault=VAULT)
    handling.void(session, won.entry, actor=COMMAND_LINE, now=NOON, reason="test")
    handling.replace(session, won.entry, mug.id, actor=COMMAND_LINE, now=NOON, rng=FakeRng(77))
    stands = handling.as_it_stands(session, won)
    assert stands is not None
    assert stands.link == "https://shop.example/mug"
    assert stands.expires_at == datetime(2030, 6, 19, 0, tzinfo=UTC)
