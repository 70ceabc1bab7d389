"""Entry forms: what is changed is kept as it was shown, and entries tell which they answered."""

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.domain.eligibility import CampaignStatus
from app.domain.entry_form import DEFAULT, AgeGate, Answers, FieldPlan, FormPlan, Kind, options_of
from app.domain.errors import Conflict, InvalidInput, StaleEdit
from app.domain.outcomes import RefusalReason, Refused, Won
from app.models import Campaign, Entry
from app.services import (
    audit,
    campaign_file,
    campaign_texts,
    campaigns,
    entry_forms,
    form_versions,
    landing,
)
from app.services.audit import COMMAND_LINE
from app.services.duplicate import duplicate
from app.services.entries import submit_entry
from tests.support.factories import VAULT, make_campaign, submission
from tests.support.fakes import NOON, FakeRng

WISH = FieldPlan("text_1", Kind.TEXT, "Your wish")
SIZE = FieldPlan("select_1", Kind.SELECT, "Size", "As on the label", options=options_of("S\nM"))
PLAN = FormPlan((*DEFAULT.fields, WISH, SIZE), AgeGate(18), partner="Corner & Pine")
TRAIL: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}


def save(session: Session, campaign: Campaign, plan: FormPlan, **more: Any) -> Campaign:
    return entry_forms.save(session, campaign.id, plan, **TRAIL, **more)


def test_each_change_is_a_version_and_on_record(session: Session) -> None:
    campaign = make_campaign(session)
    assert entry_forms.plan_of(campaign) == DEFAULT
    campaign = save(session, campaign, PLAN, reason="the sponsor asks")
    assert (campaign.form_version, entry_forms.plan_of(campaign)) == (1, PLAN)
    campaign = save(session, campaign, replace(PLAN, fields=(*DEFAULT.fields, SIZE)))
    assert campaign.form_version == 2
    assert entry_forms.plan_of(campaign).removed == (WISH,)
    kept = form_versions.find(session, campaign.id, 1)
    assert kept is not None
    assert (kept.document, kept.timezone, kept.texts) == (PLAN.document, "UTC", {})
    last, first = audit.latest(session, campaign_id=campaign.id, limit=2)
    assert (first.action, first.reason) == ("campaign.form", "the sponsor asks")
    assert first.after is not None
    assert first.after["least_age"] == "18 (tick)"
    assert last.before == {
        "form_fields": "name, email, Your wish, Size",
        "form.text_1": "Your wish · *",
    }
    assert last.after == {"form_fields": "name, email, Size", "form.text_1": None}


def test_saving_what_is_there_changes_nothing(session: Session) -> None:
    campaign = make_campaign(session)
    version = campaign.version
    campaign = save(session, campaign, DEFAULT)
    assert (campaign.version, campaign.form_version) == (version, 0)


def test_back_to_the_usual_form_is_a_version_too(session: Session) -> None:
    campaign = save(session, make_campaign(session), replace(DEFAULT, marketing=False))
    campaign = save(session, campaign, DEFAULT)
    assert (campaign.form, campaign.form_version) == ("", 2)


def test_what_is_wrong_or_late_is_refused(session: Session) -> None:
    campaign = make_campaign(session)
    with pytest.raises(InvalidInput, match="at least two choices"):
        save(session, campaign, replace(DEFAULT, fields=(*DEFAULT.fields, replace(SIZE, options=()))))
    with pytest.raises(StaleEdit):
        save(session, campaign, PLAN, expected_version=campaign.version - 1)
    save(session, campaign, PLAN, expected_version=campaign.version)
    campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, **TRAIL)
    campaigns.archive(session, campaign.id, **TRAIL)
    with pytest.raises(Conflict, match="archived"):
        save(session, campaign, DEFAULT)


def test_the_zone_and_texts_in_other_languages_are_part_of_a_version(session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT)
    zone = replace(campaigns.plan_of(campaign), timezone="Asia/Tokyo")
    campaigns.edit(session, campaign.id, zone, **TRAIL)
    assert campaigns.get(session, "summer").form_version == 0  # the usual form asks for no age
    save(session, campaign, PLAN)
    campaigns.edit(session, campaign.id, replace(zone, timezone="Asia/Seoul"), **TRAIL)
    assert campaigns.get(session, "summer").form_version == 2
    campaign = campaigns.get(session, "summer")
    campaign.texts = {"de": {"form.marketing.text": "Neues", "title": "Sommer"}, "es": {"title": "Verano"}}
    form_versions.keep_up(session, campaign, NOON)
    form_versions.keep_up(session, campaign, NOON)
    kept = form_versions.find(session, campaign.id, 3)
    assert kept is not None
    assert (kept.timezone, kept.texts) == ("Asia/Seoul", {"de": {"form.marketing.text": "Neues"}})
    assert campaign.form_version == 3
    session.rollback()


def test_versions_are_written_once(session: Session) -> None:
    save(session, make_campaign(session), PLAN)
    with pytest.raises(DatabaseError, match="written once"):
        session.execute(text("UPDATE form_version SET document = ''"))
    session.rollback()


def test_an_entry_keeps_its_answers_and_the_form_it_answered(session: Session) -> None:
    campaign = save(session, make_campaign(session), PLAN)
    rng = FakeRng(3)
    stale = submit_entry(session, submission(1), now=NOON, rng=rng, vault=VAULT)
    assert stale == Refused(RefusalReason.FORM_CHANGED)
    answers = Answers({"text_1": "A dog"}, of_age=True)
    given = replace(submission(1), form_version=1, form_of=campaign.id, answers=answers.document)
    won = submit_entry(session, given, now=NOON, rng=rng, vault=VAULT)
    assert isinstance(won, Won)
    entry = session.get_one(Entry, won.entry)
    assert (entry.form_version, entry.answers) == (1, answers.document)
    session.rollback()
    save(session, campaign, DEFAULT)
    again = submit_entry(session, given, now=NOON, rng=rng, vault=VAULT)
    assert again == won  # the same nonce gets the same answer, whatever is asked now


def test_the_rules_tell_who_may_take_part(session: Session) -> None:
    campaign = make_campaign(session)
    country = FieldPlan("country", Kind.COUNTRY)
    save(session, campaign, replace(PLAN, fields=(*PLAN.fields, country), countries=("TR", "DE")))
    facts = landing.rules_page(session, "summer", now=NOON).facts
    assert facts is not None
    assert (facts.least_age, facts.countries) == (18, ("DE", "TR"))
    before = landing.rules_page(session, "summer", 1, now=NOON).facts
    assert before is not None
    assert (before.least_age, before.countries) == (None, ())


def test_a_file_and_a_copy_carry_the_form(session: Session) -> None:
    campaign = save(session, make_campaign(session), PLAN)
    fewer = replace(PLAN, fields=(*DEFAULT.fields, SIZE))
    save(session, campaign, fewer)
    made = {"rng": FakeRng(5), "vault": VAULT, **TRAIL}
    copy = duplicate(session, campaign.id, slug="copy", **made)
    assert (entry_forms.plan_of(copy), copy.form_version) == (fewer, 1)
    text = campaign_file.export(session, campaign.id, **TRAIL)
    campaign_file.import_campaign(session, campaign_file.read(text.encode()), slug="again", **made)
    assert entry_forms.plan_of(campaigns.get(session, "again")) == fewer
    bare = json.loads(text)
    del bare["form"]
    campaign_file.import_campaign(session, campaign_file.read(json.dumps(bare).encode()), slug="bare", **made)
    assert campaigns.get(session, "bare").form_version == 0
    bare["form"] = {"schema": 1, "fields": []}
    with pytest.raises(InvalidInput, match=r"form\.fields"):
        campaign_file.import_campaign(
            session, campaign_file.read(json.dumps(bare).encode()), slug="bad", **made
        )
    bare["form"] = {"schema": 7}
    with pytest.raises(InvalidInput, match="form"):
        campaign_file.read(json.dumps(bare).encode())


def test_its_words_can_be_said_in_other_languages(session: Session) -> None:
    campaign = save(session, make_campaign(session), replace(PLAN, marketing_text="News, please"))
    campaign = campaign_texts.speak(session, campaign.id, "en", ["de"], **TRAIL)
    own = {slot.key: slot.own for slot in campaign_texts.slots(session, campaign)}
    assert own["form.marketing.text"] == "News, please"
    assert own["form.select_1.option.o2"] == "M"
    assert own["form.select_1.help"] == "As on the label"
    said = {"form.text_1.label": "Dein Wunsch"}
    campaign = campaign_texts.edit(session, campaign.id, "de", said, **TRAIL)
    assert campaign.form_version == 2
    kept = form_versions.find(session, campaign.id, 2)
    assert kept is not None
    assert kept.texts == {"de": said}
