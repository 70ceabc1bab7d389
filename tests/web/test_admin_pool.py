"""The prize manager: tiers and prizes, as page and as part."""

from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.odds import OnEmpty
from app.domain.roles import Role
from app.models import Campaign, Prize, Tier
from app.services import audit, campaigns, odds, prizes, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import HTMX, Staff, seen_in, sign_in, version_in

pytestmark = pytest.mark.sqlite_is_enough


POOL = "/admin/campaigns/summer/prizes"
TIER = {"name": "Bronze", "weight": "5", "on_empty": "lose", "enabled": "y"}
PRIZE = {"name": "Coffee", "artwork": "coffee", "kind": "codes"}


@pytest.fixture
def editor(app: Flask, session: Session) -> Staff:
    return sign_in(app, session, Role.EDITOR)


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(
        session, [TierSpec("Gold", weight=4), TierSpec("Silver", weight=96)], lose_weight=900
    )


def tier(session: Session, campaign: Campaign, name: str = "Gold") -> Tier:
    session.rollback()
    found = tiers.find_by_name(session, campaign.id, name)
    assert found
    return found


def prize(session: Session, campaign: Campaign, name: str = "Gold prize") -> Prize:
    session.rollback()
    found = prizes.find_by_name(session, campaign.id, name)
    assert found
    return found


def at(thing: Tier | Prize, what: str) -> str:
    noun = "tiers" if isinstance(thing, Tier) else "prizes"
    return f"/admin/campaigns/summer/{noun}/{thing.id.hex}/{what}"


def names(session: Session, campaign: Campaign) -> list[str]:
    session.rollback()
    return [found.name for found in tiers.listing(session, campaign.id)]


def test_the_odds_are_live(editor: Staff, campaign: Campaign) -> None:
    page = editor.page(POOL)
    assert "1 in 250" in page
    assert "0.4%" in page
    assert "10 of 10 left" in page
    editor.change("/admin/campaigns/summer/tiers/no-win", {"weight": "1900"})
    assert "1 in 500" in editor.page(POOL)


def test_a_pool_without_tiers_names_the_next_step(editor: Staff, session: Session) -> None:
    make_campaign(session, [], lose_weight=1)
    assert "No tier yet" in editor.page(POOL)
    assert "No entry can win yet." in editor.page(POOL)


def test_a_tier_is_added_last_and_writes_the_next_odds(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    answer = editor.change(
        "/admin/campaigns/summer/tiers/new", TIER | {"on_empty": tier(session, campaign, "Silver").id.hex}
    )
    added = tier(session, campaign, "Bronze")
    assert answer.status_code == 303
    assert answer.location == f"{POOL}?changed=tier-{added.id.hex}#tier-{added.id.hex}"
    assert names(session, campaign) == ["Gold", "Silver", "Bronze"]
    assert added.on_empty is OnEmpty.FALLBACK
    assert odds.in_force(session, campaigns.get(session, "summer")).total == 1005
    page = editor.page(POOL)
    assert "Bronze is in. Give it a prize next." in page
    assert "Empty: entries that hit it get from Silver." in page


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("-1", "Use a number of at least 0."),
        ("−1", "Use a number of at least 0."),
        ("1.5", "Use a whole number in digits"),
        ("1e3", "Use a whole number in digits"),
        ("٣", "Use a whole number in digits"),
        ("", "Please fill this in."),
        ("10000000000000000000", "Use a number from 0 to 9,223,372,036,854,775,807."),
        ("9" * 500, "Use a number from 0 to 9,223,372,036,854,775,807."),
        ("0" * 5000 + "9" * 20, "Use a number from 0 to 9,223,372,036,854,775,807."),
        ("9223372036854775807", "at most 2^63"),
    ],
)
@pytest.mark.parametrize("path", ["tiers/new", "tiers/no-win"])
def test_a_wrong_weight_says_so(
    editor: Staff, session: Session, campaign: Campaign, weight: str, message: str, path: str
) -> None:
    answer = editor.post(f"/admin/campaigns/summer/{path}", TIER | {"weight": weight})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert message in page
    assert f'value="{weight}"' in page
    assert names(session, campaign) == ["Gold", "Silver"]


def test_a_name_that_is_taken_is_a_conflict(editor: Staff, campaign: Campaign) -> None:
    answer = editor.change("/admin/campaigns/summer/tiers/new", TIER | {"name": "Gold"})
    assert answer.status_code == 409
    assert "Another tier of this campaign is called" in answer.get_data(as_text=True)


@pytest.mark.parametrize("to", ["nonsense", "0123456789abcdef" * 2])
def test_a_fallback_to_nowhere_is_no_choice(editor: Staff, campaign: Campaign, to: str) -> None:
    answer = editor.post("/admin/campaigns/summer/tiers/new", TIER | {"on_empty": to})
    assert answer.status_code == 422
    assert "Not a valid choice" in answer.get_data(as_text=True)


def test_a_tier_is_edited_in_place(editor: Staff, session: Session, campaign: Campaign) -> None:
    gold = tier(session, campaign)
    part = editor.get(at(gold, "edit"), headers=HTMX).get_data(as_text=True)
    assert "<html" not in part
    assert 'id="manager"' in part
    assert "data-autofocus" in part
    values = TIER | {"name": "Platinum", "weight": "8", "version": version_in(part)}
    answer = editor.change(at(gold, "edit"), values, htmx=True, follow_redirects=True)
    saved = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "<html" not in saved
    assert "Platinum is saved." in saved
    assert 'id="flashes"' in saved
    assert tier(session, campaign, "Platinum").weight == 8


def test_a_stale_tier_shows_both_values(editor: Staff, session: Session, campaign: Campaign) -> None:
    gold = tier(session, campaign)
    mine = TIER | {"name": "Gold", "weight": "7", "version": version_in(editor.page(at(gold, "edit")))}
    theirs = {name: value for name, value in mine.items() if name != "enabled"}
    editor.change(at(gold, "edit"), theirs | {"weight": "9"})
    answer = editor.post(at(gold, "edit"), mine, htmx=True)
    assert answer.status_code == 409
    part = answer.get_data(as_text=True)
    assert "<td>9</td>" in part
    assert "<td>7</td>" in part
    assert "<td>no</td>" in part
    assert "<td>yes</td>" in part
    again = editor.change(at(gold, "edit"), mine | {"version": version_in(part)})
    assert again.status_code == 303
    assert tier(session, campaign).weight == 7


def test_a_tier_moves_and_switches(editor: Staff, session: Session, campaign: Campaign) -> None:
    silver = tier(session, campaign, "Silver")
    editor.change(at(silver, "move"), {"to": "up"})
    assert names(session, campaign) == ["Silver", "Gold"]
    assert editor.post(at(silver, "move"), {"to": "up"}).status_code == 303, "it is at the top already"
    assert names(session, campaign) == ["Silver", "Gold"]
    answer = editor.change(at(silver, "move"), {"to": "down"})
    assert "Silver is at place 2 of 2." in editor.page(answer.location)
    assert names(session, campaign) == ["Gold", "Silver"]
    editor.change(at(silver, "move"), {"place": "1"})
    assert names(session, campaign) == ["Silver", "Gold"]
    editor.change(at(silver, "move"), {"place": "99"})
    assert names(session, campaign) == ["Gold", "Silver"]
    for wish in ({"to": "sideways"}, {"place": "-1"}, {"place": "1000"}, {}):
        assert editor.post(at(silver, "move"), wish).status_code == 400
    editor.change(at(silver, "switch"), {"to": "off"})
    assert not tier(session, campaign, "Silver").enabled
    assert "Out of the draw" in editor.page(POOL)
    editor.change(at(silver, "switch"), {"to": "on"})
    assert tier(session, campaign, "Silver").enabled


def test_removing_a_tier_is_asked_with_numbers(editor: Staff, session: Session, campaign: Campaign) -> None:
    gold = tier(session, campaign)
    question = editor.get(at(gold, "remove"), headers=HTMX).get_data(as_text=True)
    assert "The tier and its 1 prize leave the draw." in question
    assert "10 free codes are withdrawn and can no longer be won." in question
    assert "0 won codes stay valid." in question
    answer = editor.change(at(gold, "remove"))
    assert "Gold is removed and 10 free codes withdrawn." in editor.page(answer.location)
    assert names(session, campaign) == ["Silver"]
    assert editor.get(at(gold, "edit")).status_code == 404


def test_a_tier_others_fall_back_to_stays(editor: Staff, session: Session, campaign: Campaign) -> None:
    gold, silver = tier(session, campaign), tier(session, campaign, "Silver")
    version = version_in(editor.page(at(gold, "edit")))
    values = TIER | {"name": "Gold", "weight": "4", "on_empty": silver.id.hex, "version": version}
    assert editor.change(at(gold, "edit"), values).status_code == 303
    assert editor.change(at(silver, "remove")).status_code == 409


def test_a_prize_with_codes_and_one_with_a_number(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    path = f"/admin/campaigns/summer/tiers/{tier(session, campaign).id.hex}/prizes/new"
    assert 'name="kind"' in editor.page(path)
    answer = editor.change(path, PRIZE)
    assert "Coffee is in. Give it codes next." in editor.page(answer.location)
    editor.change(path, PRIZE | {"name": "Mug", "kind": "quantity", "quantity": "25"})
    mug = prize(session, campaign, "Mug")
    assert prizes.stock_of(session, mug.id).free == 25
    assert "25 of 25 left" in editor.page(POOL)


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"name": ""}, 422, "Please fill this in."),
        ({"name": "Gold prize"}, 409, "Gold prize"),
        ({"kind": "quantity"}, 422, "How many are there?"),
        ({"kind": "quantity", "quantity": "-3"}, 422, "Use a number of at least 0."),
        ({"kind": "quantity", "quantity": "1000001"}, 422, "Use a number from 0 to 1,000,000."),
        ({"kind": "dream"}, 422, "Not a valid choice"),
        ({"artwork": "dream"}, 422, "Not a valid choice"),
        ({"instructions": "x" * 2001}, 422, "Use at most 2,000 characters"),
    ],
)
def test_a_wrong_prize_says_so(
    editor: Staff, session: Session, campaign: Campaign, changes: dict[str, str], status: int, message: str
) -> None:
    path = f"/admin/campaigns/summer/tiers/{tier(session, campaign).id.hex}/prizes/new"
    answer = editor.post(path, PRIZE | changes)
    assert answer.status_code == status
    assert message in answer.get_data(as_text=True)
    session.rollback()
    assert len(prizes.listing(session, campaign.id)) == 2


def test_a_prize_is_edited_in_place_and_stale_ones_compared(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    gold = prize(session, campaign)
    part = editor.get(at(gold, "edit"), headers=HTMX).get_data(as_text=True)
    mine = {"name": "Car", "artwork": "trip", "text": "Red", "version": version_in(part)}
    assert editor.change(at(gold, "edit"), mine).status_code == 303
    answer = editor.post(at(gold, "edit"), mine | {"name": "Bike"})
    assert answer.status_code == 409
    assert "<td>Car</td>" in answer.get_data(as_text=True)
    assert prize(session, campaign, "Car").text == "Red"


def test_the_number_of_things_can_change(editor: Staff, session: Session, campaign: Campaign) -> None:
    path = f"/admin/campaigns/summer/tiers/{tier(session, campaign).id.hex}/prizes/new"
    editor.change(path, PRIZE | {"name": "Mug", "kind": "quantity", "quantity": "25"})
    mug = prize(session, campaign, "Mug")
    page = editor.page(at(mug, "edit"))
    values = {"name": "Mug", "artwork": "gift", "version": version_in(page), "quantity": "7"}
    assert editor.change(at(mug, "edit"), values).status_code == 303
    session.rollback()
    assert prizes.stock_of(session, mug.id).free == 7


def test_removing_a_prize_withdraws_only_what_is_free(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    gold = prize(session, campaign)
    campaigns.set_lose_weight(session, campaign.id, 0, actor=COMMAND_LINE, now=NOON)
    silver = tier(session, campaign, "Silver")
    editor.change(at(silver, "switch"), {"to": "off"})
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    question = editor.page(at(gold, "remove"))
    assert "9 free codes are withdrawn and can no longer be won." in question
    assert "1 won code stays valid." in question
    answer = editor.change(at(gold, "remove"), reason="out of season", htmx=True, follow_redirects=True)
    assert "Gold prize is removed and 9 free codes withdrawn." in answer.get_data(as_text=True)
    assert "Person 1" in editor.page("/admin/campaigns/summer/winners")


def test_a_live_change_of_a_prize_is_shown_before_it_is_saved(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    path = f"/admin/campaigns/summer/tiers/{tier(session, campaign, 'Silver').id.hex}/prizes/new"
    mug = PRIZE | {"name": "Mug", "kind": "quantity", "quantity": "25"}
    page = editor.post(path, mug).get_data(as_text=True)
    assert "What this change does" in page
    without = editor.post(path, mug | {"seen": seen_in(page)})
    assert without.status_code == 422
    assert "Say why: people are entering now" in without.get_data(as_text=True)
    other = editor.post(path, mug | {"seen": seen_in(page), "reason": "more", "quantity": "26"})
    assert seen_in(other.get_data(as_text=True)) != seen_in(page), "another number is shown anew"
    assert len(prizes.listing(session, campaign.id)) == 2
    editor.change(path, mug, reason="more")
    found = prize(session, campaign, "Mug")
    assert audit.latest(session)[0].reason == "more"
    values = {"name": "Mug", "artwork": "gift", "version": version_in(editor.page(at(found, "edit")))}
    same = editor.post(at(found, "edit"), values | {"quantity": "25", "artwork": PRIZE["artwork"]})
    assert same.status_code == 303, "nothing is changed, nothing is asked"
    words = editor.post(at(found, "edit"), values | {"quantity": "25", "text": "Blue"})
    assert "Chances and stock stay as they are." in words.get_data(as_text=True)
    shown = editor.post(at(found, "edit"), values | {"quantity": "0"}).get_data(as_text=True)
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    saved = editor.post(at(found, "edit"), values | {"quantity": "0", "seen": seen_in(shown), "reason": "no"})
    assert saved.status_code == 303, "an entry in between does not bring the question back"
    session.rollback()
    assert prizes.stock_of(session, found.id).free == 0


def test_what_belongs_to_another_campaign_is_not_found(
    editor: Staff, session: Session, campaign: Campaign
) -> None:
    other = make_campaign(session, [TierSpec("Other")], slug="other", seed=9)
    far_tier, far_prize = tier(session, other, "Other"), prize(session, other, "Other prize")
    for path in (at(far_tier, "edit"), at(far_tier, "remove"), at(far_prize, "edit"), at(far_prize, "codes")):
        assert editor.get(path).status_code == 404, path
    for path in (at(far_tier, "move"), at(far_tier, "switch"), at(far_prize, "remove")):
        assert editor.post(path, {"to": "up"}).status_code == 404, path
    assert editor.get(f"/admin/campaigns/summer/tiers/{uuid4().hex}/edit").status_code == 404
    assert editor.get("/admin/campaigns/summer/tiers/12/edit").status_code == 404
