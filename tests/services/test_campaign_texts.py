"""Texts of a campaign: said on record, in the languages it speaks, and carried to its copies."""

import json
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.campaign_texts import is_key, prize_key
from app.domain.entry_form import EMAIL, NAME, FieldPlan, FormPlan, Kind, Option
from app.domain.errors import Conflict, InvalidInput, StaleEdit
from app.models import AuditRecord, Campaign, Prize
from app.services import campaign_file, campaign_texts, campaigns, duplicate, partners, prizes
from app.services.audit import COMMAND_LINE
from app.services.partners import PartnerPlan
from tests.support.factories import VAULT, TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng

TRAIL: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    made = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver", 9)])
    return campaign_texts.speak(session, made.id, "en", ["de", "ar"], **TRAIL)


def prize_of(session: Session, slug: str, name: str) -> Prize:
    found = prizes.find_by_name(session, campaigns.get(session, slug).id, name)
    assert found is not None
    return found


def take(session: Session, document: Any) -> None:
    sheet = campaign_file.read(json.dumps(document).encode())
    campaign_file.import_campaign(session, sheet, slug="winter", rng=FakeRng(6), vault=VAULT, **TRAIL)


def last_record(session: Session) -> AuditRecord:
    return session.scalars(select(AuditRecord).order_by(AuditRecord.id.desc()).limit(1)).one()


def test_what_is_said_is_kept_and_on_record(session: Session, campaign: Campaign) -> None:
    version = campaign.version
    said = {"title": " Sommer ", "intro": "Eins\r\n\r\nZwei"}
    saved = campaign_texts.edit(session, campaign.id, "de", said, reason="Agency", **TRAIL)
    assert saved.texts == {"de": {"title": "Sommer", "intro": "Eins\n\nZwei"}, "ar": {}}
    assert saved.version == version + 1
    record = last_record(session)
    assert (record.action, record.reason) == ("campaign.texts", "Agency")
    assert record.after == {"language": "de", "title": "Sommer", "intro": "Eins\n\nZwei"}


def test_an_empty_text_is_taken_away_and_the_others_stay(session: Session, campaign: Campaign) -> None:
    campaign_texts.edit(session, campaign.id, "de", {"title": "Sommer", "intro": "Eins"}, **TRAIL)
    saved = campaign_texts.edit(session, campaign.id, "de", {"title": "  "}, **TRAIL)
    assert saved.texts["de"] == {"intro": "Eins"}
    assert last_record(session).before == {"language": "de", "title": "Sommer"}


def test_saying_the_same_again_changes_nothing(session: Session, campaign: Campaign) -> None:
    saved = campaign_texts.edit(session, campaign.id, "de", {"title": "Sommer"}, **TRAIL)
    version = saved.version
    assert campaign_texts.edit(session, campaign.id, "de", {"title": "Sommer"}, **TRAIL).version == version
    assert campaign_texts.speak(session, campaign.id, "en", ["ar", "de"], **TRAIL).version == version


@pytest.mark.parametrize(
    ("language", "said", "field"),
    [
        ("es", {"title": "Verano"}, "language"),
        ("de", {"rules": "Regeln"}, "rules"),
        ("de", {"title": "x" * 121}, "title"),
        ("de", {"title": "zwei\nZeilen"}, "title"),
        ("de", {"lost": "x" * 2001}, "lost"),
    ],
)
def test_what_will_not_do_is_refused(
    session: Session, campaign: Campaign, language: str, said: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        campaign_texts.edit(session, campaign.id, language, said, **TRAIL)
    assert refused.value.field == field


@pytest.mark.parametrize(("own", "others", "field"), [("fr", ["de"], "own"), ("en", ["fr"], "others")])
def test_a_language_nobody_speaks_here_is_refused(
    session: Session, campaign: Campaign, own: str, others: list[str], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        campaign_texts.speak(session, campaign.id, own, others, **TRAIL)
    assert refused.value.field == field


def test_a_stale_edit_and_one_of_an_archived_campaign_are_refused(
    session: Session, campaign: Campaign
) -> None:
    with pytest.raises(StaleEdit):
        campaign_texts.edit(session, campaign.id, "de", {}, expected_version=campaign.version - 1, **TRAIL)
    session.execute(update(Campaign).values(archived_at=NOON))
    session.commit()
    with pytest.raises(Conflict):
        campaign_texts.speak(session, campaign.id, "en", [], **TRAIL)


def test_a_language_that_is_left_out_goes_with_its_texts_which_stay_on_record(
    session: Session, campaign: Campaign
) -> None:
    campaign_texts.edit(session, campaign.id, "de", {"title": "Sommer"}, **TRAIL)
    saved = campaign_texts.speak(session, campaign.id, "tr", ["en", "tr"], **TRAIL)
    assert (saved.language, saved.texts) == ("tr", {"en": {}})
    record = last_record(session)
    assert record.before == {"languages": ["en", "de", "ar"], "dropped": {"de": {"title": "Sommer"}}}
    assert record.after == {"languages": ["tr", "en"]}


def test_what_is_missing_is_counted(session: Session, campaign: Campaign) -> None:
    listed = campaign_texts.slots(session, campaign)
    assert [slot.part for slot in listed if slot.own] == ["title", "name", "name"]
    assert {slot.about for slot in listed if slot.about} == {"Gold prize", "Silver prize"}
    assert listed[0].is_line
    assert campaign_texts.missing(listed, campaign, "de") == 3
    gold = prize_key(prize_of(session, "summer", "Gold prize").id, "name")
    saved = campaign_texts.edit(session, campaign.id, "de", {gold: "Goldpreis"}, **TRAIL)
    assert campaign_texts.missing(listed, saved, "de") == 2
    with_words = campaign_texts.edit(session, campaign.id, "en", {"lost": "Next time"}, **TRAIL)
    listed = campaign_texts.slots(session, with_words)
    assert campaign_texts.missing(listed, with_words, "de") == 3


def test_the_words_of_the_form_are_among_them(session: Session, campaign: Campaign) -> None:
    size = FieldPlan("select_1", Kind.SELECT, "Size", "As on the label", options=(Option("s", "Small"),))
    plan = FormPlan((NAME, EMAIL, size), marketing_text="Tell me more")
    campaign.form = plan.document
    listed = {slot.key: slot for slot in campaign_texts.slots(session, campaign) if slot.own}
    assert {key: slot.own for key, slot in listed.items() if key.startswith("form.")} == {
        "form.select_1.label": "Size",
        "form.select_1.help": "As on the label",
        "form.select_1.option.s": "Small",
        "form.marketing.text": "Tell me more",
    }
    assert listed["form.select_1.option.s"].part == "option"
    assert listed["form.select_1.help"].about == "Size"
    assert all(is_key(key) for key in listed)
    session.rollback()


def test_a_copy_and_a_file_carry_the_texts_to_their_own_prizes(session: Session, campaign: Campaign) -> None:
    silver = prize_key(prize_of(session, "summer", "Silver prize").id, "name")
    gone = prize_key(session.scalars(select(Prize.id)).first() or campaign.id, "text").replace("a", "b")
    campaign_texts.edit(session, campaign.id, "de", {silver: "Silberpreis", "title": "Sommer"}, **TRAIL)
    campaign_texts.edit(session, campaign.id, "de", {gone: "Left from before"}, **TRAIL)
    made = duplicate.duplicate(session, campaign.id, slug="autumn", rng=FakeRng(5), vault=VAULT, **TRAIL)
    theirs = prize_key(prize_of(session, "autumn", "Silver prize").id, "name")
    assert made.texts == {"de": {"title": "Sommer", theirs: "Silberpreis"}, "ar": {}}
    document = json.loads(campaign_file.export(session, campaign.id, **TRAIL))
    assert document["texts"] == {"de": {"title": "Sommer", "prize.2.name": "Silberpreis"}, "ar": {}}
    take(session, document)
    theirs = prize_key(prize_of(session, "winter", "Silver prize").id, "name")
    assert campaigns.get(session, "winter").texts["de"][theirs] == "Silberpreis"


def test_a_partners_greeting_is_among_them_and_stays_with_the_partner(
    session: Session, campaign: Campaign
) -> None:
    for slug, name in (("ayse", "Ayşe"), ("bob", "Bob")):
        partners.add(session, campaign.id, slug, name, rng=FakeRng(sum(slug.encode())), **TRAIL)
    ayse = partners.find(session, campaign.id, "ayse")
    assert ayse is not None
    partners.edit(session, ayse.id, PartnerPlan("ayse", "Ayşe", greeting="Good to see you."), **TRAIL)
    (slot,) = (slot for slot in campaign_texts.slots(session, campaign) if slot.part == "greeting")
    assert (slot.own, slot.about) == ("Good to see you.", "Ayşe")
    said = {slot.key: "Schön, dass du da bist.", "title": "Sommer"}
    saved = campaign_texts.edit(session, campaign.id, "de", said, **TRAIL)
    assert saved.texts["de"] == said
    made = duplicate.duplicate(session, campaign.id, slug="autumn", rng=FakeRng(5), vault=VAULT, **TRAIL)
    assert made.texts == {"de": {"title": "Sommer"}, "ar": {}}


@pytest.mark.parametrize(
    ("texts", "place"),
    [
        ({"fr": {}}, "texts.fr"),
        ({"de": {"title": 7}}, "texts.de.title"),
        ({"de": {"rules": "x"}}, "texts.de.rules"),
        ({"de": []}, "texts.de"),
        ([], "texts"),
    ],
)
def test_a_file_with_other_texts_names_the_place(
    session: Session, campaign: Campaign, texts: Any, place: str
) -> None:
    document = json.loads(campaign_file.export(session, campaign.id, **TRAIL)) | {"texts": texts}
    with pytest.raises(InvalidInput) as refused:
        take(session, document)
    assert f"at {place}:" in str(refused.value)
