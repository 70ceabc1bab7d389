"""A campaign's look is saved once, on record, and goes where the campaign goes."""

import io
import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from app.adapters.pictures import PictureStore
from app.domain.eligibility import CampaignStatus
from app.domain.errors import Conflict, InvalidInput, StaleEdit
from app.domain.pictures import Picture
from app.domain.theme import USUAL, Corners, Theme
from app.models import Campaign
from app.services import audit, campaign_file, campaigns, duplicate, looks, pictures
from app.services.audit import COMMAND_LINE
from tests.support.factories import VAULT, make_campaign
from tests.support.fakes import NOON, FakeRng

TRAIL: dict[str, Any] = {"actor": COMMAND_LINE, "now": NOON}
BOLD = Theme(colour="#e4002b", corners=Corners.ROUND, parents=("https://shop.example.org",))


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return make_campaign(session)


def test_a_look_is_saved_and_on_record(session: Session, campaign: Campaign) -> None:
    assert looks.theme_of(campaign) == USUAL
    version = campaign.version
    saved = looks.edit(session, campaign.id, BOLD, expected_version=version, reason="new brand", **TRAIL)
    assert looks.theme_of(campaigns.get(session, "summer")) == BOLD
    assert saved.version == version + 1
    looks.edit(session, campaign.id, replace(BOLD, corners=Corners.SOFT), **TRAIL)
    last, first = audit.latest(session, campaign_id=campaign.id)[:2]
    assert (last.action, last.before, last.after) == (
        "campaign.look",
        {"corners": "round"},
        {"corners": None},
    )
    assert (first.before, first.reason) == ({"colour": None, "corners": None, "parents": None}, "new brand")


def test_the_same_look_again_is_no_change(session: Session, campaign: Campaign) -> None:
    looks.edit(session, campaign.id, BOLD, **TRAIL)
    records = len(audit.latest(session, campaign_id=campaign.id))
    version = campaign.version
    assert looks.edit(session, campaign.id, BOLD, **TRAIL).version == version
    assert len(audit.latest(session, campaign_id=campaign.id)) == records


def test_what_will_not_do_is_refused(session: Session, campaign: Campaign) -> None:
    with pytest.raises(InvalidInput) as refused:
        looks.edit(session, campaign.id, Theme(parents=("https://example.org; script-src *",)), **TRAIL)
    assert refused.value.field == "parents"
    with pytest.raises(StaleEdit):
        looks.edit(session, campaign.id, BOLD, expected_version=campaign.version - 1, **TRAIL)
    campaigns.set_status(session, campaign.id, CampaignStatus.CLOSED, **TRAIL)
    campaigns.archive(session, campaign.id, **TRAIL)
    with pytest.raises(Conflict, match="archived"):
        looks.edit(session, campaign.id, BOLD, **TRAIL)
    session.rollback()
    assert looks.theme_of(campaigns.get(session, "summer")) == USUAL


def test_a_copy_has_the_same_look(session: Session, campaign: Campaign) -> None:
    looks.edit(session, campaign.id, BOLD, **TRAIL)
    made = duplicate.duplicate(session, campaign.id, slug="autumn", rng=FakeRng(9), vault=VAULT, **TRAIL)
    assert looks.theme_of(made) == BOLD


def test_a_file_carries_the_look(session: Session, campaign: Campaign) -> None:
    looks.edit(session, campaign.id, BOLD, **TRAIL)
    document = json.loads(campaign_file.export(session, campaign.id, **TRAIL))
    assert document["theme"] == BOLD.to_document()
    sheet = campaign_file.read(json.dumps(document).encode())
    campaign_file.import_campaign(session, sheet, slug="winter", rng=FakeRng(7), vault=VAULT, **TRAIL)
    assert looks.theme_of(campaigns.get(session, "winter")) == BOLD
    document["theme"]["corners"] = "wavy"
    with pytest.raises(InvalidInput, match=r"theme\.corners"):
        campaign_file.read(json.dumps(document).encode())


def test_pictures_of_a_look_stay(session: Session, campaign: Campaign, tmp_path: Path) -> None:
    store = PictureStore(tmp_path / "pictures")
    logo, hero, other = (_taken(store, tmp_path, shade) for shade in (10, 90, 200))
    looks.edit(session, campaign.id, Theme(logo=logo, hero=hero), **TRAIL)
    assert pictures.forget_unused(session, store, now=NOON) == 1
    assert [store.has(each) for each in (logo, hero, other)] == [True, True, False]


def _taken(store: PictureStore, folder: Path, shade: int) -> Picture:
    body = io.BytesIO()
    Image.new("RGB", (100, 100), (shade, shade, shade)).save(body, "PNG")
    body.seek(0)
    picture = store.take_in(body)
    long_ago = (NOON - timedelta(days=2)).timestamp()
    for name in picture.file_names:
        os.utime(folder / "pictures" / name, (long_ago, long_ago))
    return picture
