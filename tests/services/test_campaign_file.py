"""A campaign as a file: out and in again, all or nothing, and every mistake with its place."""

import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.adapters.pictures import PictureStore
from app.domain.alerts import Brake
from app.domain.eligibility import CampaignStatus, EntryLimit
from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.odds import Limits, OnEmpty
from app.domain.pictures import Picture
from app.domain.proof import Proof
from app.domain.reveals import Reveal
from app.models import AuditRecord, Campaign, Code, Tier
from app.services import (
    audit,
    campaign_file,
    campaign_pictures,
    campaigns,
    codes,
    duplicate,
    odds,
    partners,
    prizes,
    stock,
    tiers,
    watching,
)
from app.services.audit import COMMAND_LINE
from app.services.campaign_file import Made
from app.services.watching import WatchPlan
from tests.support.factories import VAULT, TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng

TRAIL: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """A campaign with something of everything."""
    made = make_campaign(
        session,
        [TierSpec("Silver", weight=90, codes=4), TierSpec("Gold", weight=10, codes=0, fallback="Silver")],
        lose_weight=900,
        limit=EntryLimit.DAILY,
        timezone="Europe/Istanbul",
        opens_at=NOON,
        closes_at=NOON + timedelta(days=9),
    )
    gold = tiers.find_by_name(session, made.id, "Gold")
    assert gold is not None
    limits = Limits(per_day=5, opens_at=NOON)
    tiers.edit(session, gold.id, replace(tiers.TierPlan.of(gold), limits=limits), **TRAIL)
    plan = prizes.PrizePlan("Sledge", artwork="trip", text="A fast one.")
    prizes.add(session, gold.id, plan, quantity=3, rng=FakeRng(5), **TRAIL)
    partners.add(session, made.id, "ayse", "Ayşe", rng=FakeRng(6), **TRAIL)
    return campaigns.get(session, "summer")


def exported(session: Session, campaign: Campaign, *, with_codes: bool = False) -> dict[str, Any]:
    text = campaign_file.export(session, campaign.id, with_codes=with_codes, **TRAIL)
    document: dict[str, Any] = json.loads(text)
    return document


def take(session: Session, document: Any, *, slug: str | None = "winter", dry_run: bool = False) -> Made:
    sheet = campaign_file.read(json.dumps(document).encode())
    act = campaign_file.check_import if dry_run else campaign_file.import_campaign
    return act(session, sheet, slug=slug, rng=FakeRng(7), vault=VAULT, **TRAIL)


def test_a_file_makes_the_same_campaign_again(session: Session, campaign: Campaign) -> None:
    document = exported(session, campaign)
    assert take(session, document) == Made("winter", "Summer giveaway", 2, 2 + 1, 3, 0, 1)
    made = campaigns.get(session, "winter")
    assert (made.status, made.timezone, made.closes_at) == (
        CampaignStatus.DRAFT,
        "Europe/Istanbul",
        campaign.closes_at,
    )
    assert (made.entries, made.eligibility) == (campaign.entries, campaign.eligibility)
    assert made.seed_commit != campaign.seed_commit
    again = exported(session, made)
    again["campaign"]["slug"] = "summer"
    assert again == document
    silver, gold = tiers.listing(session, made.id)
    assert (gold.on_empty, gold.fallback_id) == (OnEmpty.FALLBACK, silver.id)
    assert gold.limits == Limits(per_day=5, opens_at=NOON)
    assert document["tiers"][1]["limits"] == {"per_day": 5, "opens_at": NOON.isoformat()}
    table = odds.in_force(session, made)
    assert (table.total, [tier.weight for tier in table.tiers]) == (1000, [90, 10])
    assert [partner.slug for partner in partners.listing(session, made.id)] == ["ayse"]
    assert [record.action for record in audit.latest(session, limit=1, campaign_id=made.id)] == [
        "campaign.export"
    ]


def test_how_the_result_is_shown_goes_along(session: Session, campaign: Campaign) -> None:
    plan = replace(campaigns.plan_of(campaign), reveal=Reveal.WHEEL)
    campaigns.edit(session, campaign.id, plan, **TRAIL)
    (record,) = audit.latest(session, limit=1)
    assert (record.before, record.after) == ({"reveal": "plain"}, {"reveal": "wheel"})
    document = exported(session, campaign)
    assert document["campaign"]["reveal"] == "wheel"
    take(session, document)
    duplicate.duplicate(session, campaign.id, slug="copy", rng=FakeRng(8), vault=VAULT, **TRAIL)
    assert {campaigns.get(session, slug).reveal for slug in ("winter", "copy")} == {Reveal.WHEEL}
    document["campaign"]["reveal"] = "coin"
    with pytest.raises(InvalidInput, match=r"at campaign\.reveal"):
        take(session, document, slug="autumn")


def test_proof_and_mail_go_along(session: Session, campaign: Campaign) -> None:
    wanted: dict[str, Any] = {"proof": Proof.REVEAL, "proof_hours": 12, "mail_losers": True, "remind_days": 0}
    campaigns.edit(session, campaign.id, replace(campaigns.plan_of(campaign), **wanted), **TRAIL)
    document = exported(session, campaign)
    take(session, document)
    duplicate.duplicate(session, campaign.id, slug="copy", rng=FakeRng(8), vault=VAULT, **TRAIL)
    for slug in ("winter", "copy"):
        made = campaigns.get(session, slug)
        assert {name: getattr(made, name) for name in wanted} == wanted
    for name, wrong in (("proof_hours", 0), ("remind_days", 61)):
        with pytest.raises(InvalidInput, match=rf"at campaign\.{name}"):
            take(session, document | {"campaign": document["campaign"] | {name: wrong}}, slug="autumn")


def test_the_drain_brake_goes_along(session: Session, campaign: Campaign) -> None:
    plan = WatchPlan(Brake.PAUSE, 40, low_percent=15, network_percent=30)
    watching.edit(session, campaign.id, plan, **TRAIL)
    gold = tiers.find_by_name(session, campaign.id, "Gold")
    assert gold is not None
    own = watching.TierPlan(Brake.SLOW, 3, 250)
    watching.edit_tier(session, gold.id, own, **TRAIL)
    document = exported(session, campaign)
    assert document["watch"] == {
        "brake": "pause",
        "most_per_hour": 40,
        "low_percent": 15,
        "network_percent": 30,
    }
    take(session, document)
    duplicate.duplicate(session, campaign.id, slug="copy", rng=FakeRng(8), vault=VAULT, **TRAIL)
    for slug in ("winter", "copy"):
        made = campaigns.get(session, slug)
        assert watching.plan_of(session, made.id) == plan
        names = {tier.id: tier.name for tier in tiers.listing(session, made.id)}
        brakes = watching.tier_plans(session, made.id)
        assert {names[tier_id]: brake for tier_id, brake in brakes.items()} == {"Gold": own}


def test_codes_go_along_only_on_request(session: Session, campaign: Campaign) -> None:
    assert "codes" in exported(session, campaign)["tiers"][0]["prizes"][0]
    assert exported(session, campaign)["tiers"][0]["prizes"][0]["codes"] == []
    assert audit.latest(session, limit=1)[0].after == {"codes": 0}
    document = exported(session, campaign, with_codes=True)
    assert len(document["tiers"][0]["prizes"][0]["codes"]) == 4
    assert document["tiers"][1]["prizes"][1]["codes"] == [], "claim codes are made anew"
    assert audit.latest(session, limit=1)[0].after == {"codes": 4}
    with pytest.raises(InvalidInput, match=r"at tiers\[0\].prizes\[0\].codes: .*in stock here already"):
        take(session, document)
    document["tiers"][0]["prizes"][0]["codes"] = ["NEW-ONE", "NEW-TWO"]
    assert take(session, document).codes == 2
    prize = prizes.find_by_name(session, campaigns.get(session, "winter").id, "Silver prize")
    assert prize is not None
    assert list(codes.export_free(session, prize.id, **TRAIL)) == ["NEW-ONE", "NEW-TWO"]


def test_a_dry_run_says_the_same_and_makes_nothing(session: Session, campaign: Campaign) -> None:
    document = exported(session, campaign)
    before = session.scalar(select(func.count(AuditRecord.id)))
    assert take(session, document, dry_run=True).prizes == 3
    assert campaigns.find(session, "winter") is None
    assert session.scalar(select(func.count(AuditRecord.id))) == before


WRONG: list[tuple[list[Any], Any, str]] = [
    (["campaign", "title"], "", r"at campaign.title: use 1 to 120"),
    (["campaign", "title"], 5, r"at campaign.title: 5 will not do"),
    (["campaign", "colour"], "red", r"at campaign.colour: no such field"),
    (["campaign", "timezone"], "Mars/Base", r"at campaign.timezone: “Mars/Base” is no time zone"),
    (["campaign", "entries"], "hourly", r"at campaign.entries: 'hourly' will not do"),
    (["campaign", "opens_at"], "2030-01-01", r"at campaign.opens_at: '2030-01-01' will not do"),
    (["campaign", "opens_at"], "x" * 60, r"at campaign.opens_at: 'x+… will not do"),
    (["campaign", "lose_weight"], "9", r"at campaign.lose_weight: a whole number"),
    (["campaign", "slug"], "summer", r"at campaign: the address “summer” is taken"),
    (["campaign"], [], r"at campaign: fields with names"),
    (["tiers"], {}, r"at tiers: a list is expected"),
    (["tiers"], [{}] * 1001, r"at tiers: these are more than 1,000"),
    (["tiers", 1, "name"], "Silver", r"at tiers\[1\]: another tier"),
    (["tiers", 1, "weight"], True, r"at tiers\[1\].weight: True will not do"),
    (["tiers", 1, "weight"], -1, r"at tiers\[1\].weight: use a whole number"),
    (["tiers", 1, "enabled"], 1, r"at tiers\[1\].enabled: 1 will not do"),
    (["tiers", 1, "limits"], {"per_day": "5"}, r"at tiers\[1\].limits.per_day: '5' will not do"),
    (["tiers", 1, "limits"], {"per_year": 5}, r"at tiers\[1\].limits.per_year: no such field"),
    (["tiers", 1, "limits"], {"per_day": 0}, r"at tiers\[1\].limits: a limit is at least 1"),
    (["tiers", 1, "limits"], 5, r"at tiers\[1\].limits: 5 will not do"),
    (["tiers", 1, "fallback"], "Bronze", r"at tiers\[1\].fallback_id: choose the tier"),
    (["tiers", 1, "fallback"], 7, r"at tiers\[1\].fallback: a text"),
    (["tiers", 0, "prizes", 0, "artwork"], "sword", r"at tiers\[0\].prizes\[0\].artwork: choose one"),
    (["tiers", 0, "prizes", 0, "codes"], "ABCD", r"prizes\[0\].codes: a list"),
    (["tiers", 0, "prizes", 0, "codes"], [4], r"prizes\[0\].codes\[0\]: a text"),
    (["tiers", 0, "prizes", 0, "codes"], ["ABCD", "=x()"], r"codes: code number 2 cannot be"),
    (["tiers", 0, "prizes", 0, "codes"], ["ABCD", "abcd"], r"codes: code number 2 stands there twice"),
    (["tiers", 1, "prizes", 1, "codes"], ["ABCD"], r"prizes\[1\].codes: a plain quantity"),
    (["tiers", 1, "prizes", 1, "quantity"], 1.5, r"prizes\[1\].quantity: a whole number"),
    (["tiers", 1, "prizes", 1, "quantity"], -1, r"prizes\[1\].quantity: use a whole number"),
    (["tiers", 0, "prizes"], [{"name": "x"}] * 1000, r"at tiers: these are more"),
    (["watch"], {"brake": "hard"}, r"at watch.brake: 'hard' will not do"),
    (["watch"], {"low_percent": 0}, r"at watch.low_percent: use a whole number from 1 to 100"),
    (["tiers", 1, "watch"], 5, r"at tiers\[1\].watch: fields with names"),
    (["tiers", 1, "watch"], {"plan_percent": 99}, r"at tiers\[1\].watch.plan_percent: use a whole number"),
    (["partners", 0, "slug"], "Not One", r"at partners\[0\].slug: "),
    (["partners", 0, "name"], None, r"at partners\[0\].name: a text"),
    (["schema"], 2, r"at schema: only version 1"),
    (["format"], "cake", r"not the file of a campaign"),
]


@pytest.mark.parametrize(("path", "value", "says"), WRONG)
def test_a_mistake_is_named_with_its_place_and_nothing_is_made(
    session: Session, campaign: Campaign, path: list[Any], value: Any, says: str
) -> None:
    document = exported(session, campaign)
    document["campaign"]["slug"] = "winter"
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    for dry_run in (True, False):
        with pytest.raises(InvalidInput, match=says):
            take(session, document, slug=None, dry_run=dry_run)
    session.rollback()
    assert [one.slug for one in campaigns.listing(session)] == ["summer"]
    assert session.scalar(select(func.count(Tier.id))) == 2


def test_a_missing_field_is_named(session: Session, campaign: Campaign) -> None:
    document = exported(session, campaign)
    del document["tiers"][0]["weight"]
    with pytest.raises(InvalidInput, match=r"at tiers\[0\].weight: this field is missing"):
        take(session, document)
    minimal = {
        "format": campaign_file.FORMAT,
        "schema": 1,
        "campaign": {"slug": "bare", "title": "Bare", "lose_weight": 1},
    }
    assert take(session, minimal, slug=None) == Made("bare", "Bare", 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "at 1:1: this is not JSON"),
        (b'{\n"a": }', "at 2:6: this is not JSON"),
        (b"\xff\xfe", "not the file of a campaign"),
        (b"[" * 200_000, "not the file of a campaign"),
        (b"[]", "not the file of a campaign"),
        (b"9" * 5000, "not the file of a campaign"),
        (b" " * (campaign_file.MAX_BYTES + 1), "too large: 24 MB at most"),
    ],
)
def test_a_file_that_is_none(content: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        campaign_file.read(content)


def test_a_copy_has_tiers_and_prizes_and_nothing_of_the_people(session: Session, campaign: Campaign) -> None:
    made = duplicate.duplicate(session, campaign.id, slug="copy", rng=FakeRng(8), vault=VAULT, **TRAIL)
    assert (made.title, made.status, made.opens_at, made.closes_at) == (
        campaign.title,
        CampaignStatus.DRAFT,
        None,
        None,
    )
    assert made.seed_commit != campaign.seed_commit
    assert [(tier.name, tier.weight, tier.limits.per_day) for tier in tiers.listing(session, made.id)] == [
        ("Silver", 90, None),
        ("Gold", 10, 5),
    ]
    stock = prizes.stock_by_prize(session, made.id)
    free = {prize.name: stock[prize.id].free for prize in prizes.listing(session, made.id)}
    assert free == {"Silver prize": 0, "Gold prize": 0, "Sledge": 3}
    assert partners.listing(session, made.id) == []
    assert session.scalar(select(func.count(Code.id))) == 4 + 3 + 3
    record = audit.latest(session, limit=1)[0]
    assert (record.action, record.after) == ("campaign.duplicate", {"from": "summer"})


def test_one_without_a_ticket_for_no_win_can_be_copied_too(session: Session) -> None:
    sure = make_campaign(session, lose_weight=0)
    made = duplicate.duplicate(session, sure.id, slug="copy", rng=FakeRng(8), vault=VAULT, **TRAIL)
    assert odds.in_force(session, made).lose_weight == 0
    document = exported(session, sure) | {"tiers": []}
    with pytest.raises(InvalidInput, match=r"at campaign.weight: the weights"):
        take(session, document)


def test_large_quantities_come_in_after_the_campaign(session: Session, campaign: Campaign) -> None:
    document = exported(session, campaign)
    document["tiers"][1]["prizes"][1]["quantity"] = stock.PART + 1
    assert take(session, document).units == stock.PART + 1
    made = campaigns.get(session, "winter")
    sledge = prizes.find_by_name(session, made.id, "Sledge")
    assert sledge is not None
    assert prizes.stock_of(session, sledge.id).free == stock.PART + 1


def test_more_codes_than_one_transaction_takes_are_refused(
    session: Session, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = exported(session, campaign)
    document["tiers"][0]["prizes"][0]["codes"] = ["NEW-ONE", "NEW-TWO"]
    monkeypatch.setattr(campaign_file, "MAX_CODES", 1)
    with pytest.raises(InvalidInput, match="at tiers: these are more than 1"):
        take(session, document)
    with pytest.raises(InvalidInput, match="at most 1 codes"):
        exported(session, campaign, with_codes=True)


def test_a_copy_needs_an_address_of_its_own(session: Session, campaign: Campaign) -> None:
    with pytest.raises(Conflict, match="taken"):
        duplicate.duplicate(session, campaign.id, slug="summer", rng=FakeRng(8), vault=VAULT, **TRAIL)
    with pytest.raises(NotFound):
        duplicate.duplicate(session, uuid4(), slug="copy", rng=FakeRng(8), vault=VAULT, **TRAIL)


def drawn(size: tuple[int, int] = (800, 600)) -> io.BytesIO:
    body = io.BytesIO()
    Image.new("RGB", size, (20, 80, 140)).save(body, "PNG")
    body.seek(0)
    return body


@pytest.fixture
def pictured(session: Session, campaign: Campaign, tmp_path: Path) -> tuple[PictureStore, Picture]:
    """A store with a picture that a prize and the campaign's look show."""
    store = PictureStore(tmp_path / "here")
    picture = store.take_in(drawn())
    sledge = prizes.find_by_name(session, campaign.id, "Sledge")
    assert sledge is not None
    plan = replace(prizes.PrizePlan.of(sledge), picture=picture)
    prizes.edit(session, sledge.id, plan, rng=FakeRng(8), **TRAIL)
    return store, picture


def test_pictures_come_along_and_are_drawn_anew(
    session: Session, campaign: Campaign, pictured: tuple[PictureStore, Picture], tmp_path: Path
) -> None:
    store, picture = pictured
    document = json.loads(campaign_file.export(session, campaign.id, store=store, **TRAIL))
    assert list(document["pictures"]) == [picture.key]
    there = PictureStore(tmp_path / "there")
    sheet = campaign_file.with_pictures(campaign_file.read(json.dumps(document).encode()), there)
    campaign_file.import_campaign(session, sheet, slug="winter", rng=FakeRng(7), vault=VAULT, **TRAIL)
    made = prizes.find_by_name(session, campaigns.get(session, "winter").id, "Sledge")
    assert made is not None
    assert made.picture is not None
    assert there.has(made.picture)
    assert (made.picture.width, made.picture.height) == (800, 600)
    same = campaign_file.with_pictures(campaign_file.read(json.dumps(document).encode()), store)
    assert [each.plan.picture for tier in same.tiers for each in tier.prizes if each.plan.picture] == [
        picture
    ]


def test_a_picture_that_did_not_come_along_is_none(
    session: Session, campaign: Campaign, pictured: tuple[PictureStore, Picture], tmp_path: Path
) -> None:
    there = PictureStore(tmp_path / "there")
    sheet = campaign_file.read(json.dumps(exported(session, campaign)).encode())
    found = campaign_file.with_pictures(sheet, there)
    assert all(each.plan.picture is None for tier in found.tiers for each in tier.prizes)
    gone = PictureStore(tmp_path / "gone")
    document = json.loads(campaign_file.export(session, campaign.id, store=gone, **TRAIL))
    assert document["pictures"] == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [("no base64!", "a picture is expected here"), ("PHN2Zy8+", "not a picture that can be read")],
)
def test_what_is_no_picture_is_refused_with_its_place(
    session: Session,
    campaign: Campaign,
    pictured: tuple[PictureStore, Picture],
    tmp_path: Path,
    text: str,
    says: str,
) -> None:
    key = pictured[1].key
    document = exported(session, campaign) | {"pictures": {key: text}}
    with pytest.raises(InvalidInput, match=f"pictures.{key}.*{says}"):
        campaign_file.with_pictures(
            campaign_file.read(json.dumps(document).encode()), PictureStore(tmp_path / "there")
        )


def test_pictures_of_a_file_are_bounded(
    session: Session,
    campaign: Campaign,
    pictured: tuple[PictureStore, Picture],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = json.loads(campaign_file.export(session, campaign.id, store=pictured[0], **TRAIL))
    monkeypatch.setattr(campaign_pictures, "MAX_BYTES", 9)
    with pytest.raises(InvalidInput, match="the pictures take more than"):
        campaign_file.export(session, campaign.id, store=pictured[0], **TRAIL)
    with pytest.raises(InvalidInput, match="the pictures take more than"):
        campaign_file.read(json.dumps(document).encode())
