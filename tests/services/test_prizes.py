"""Prizes: the stock is the codes; a quantity is a number of claim codes; what was won stays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.codes import is_well_formed
from app.domain.errors import Conflict, InvalidInput, NotFound, StaleEdit
from app.domain.outcomes import Won
from app.models import Award, Campaign, Code, Prize, PrizeKind, Tier
from app.services import audit, prizes, stock, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
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
    def make(name: str = "Ring", quantity: int | None = None, **plan: str) -> Prize:
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
