"""Pictures that no prize shows any more are deleted; those somebody won with stay."""

import io
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from app.adapters.pictures import PictureStore
from app.domain.outcomes import Won
from app.domain.pictures import Picture
from app.models import Prize
from app.services import pictures, prizes
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.prizes import PrizePlan
from tests.support.factories import VAULT, make_campaign, submission
from tests.support.fakes import NOON, FakeRng


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "pictures")


def take_in(store: PictureStore, folder: Path, shade: int, *, age: timedelta = timedelta(days=2)) -> Picture:
    body = io.BytesIO()
    Image.new("RGB", (100, 100), (shade, shade, shade)).save(body, "PNG")
    body.seek(0)
    picture = store.take_in(body)
    at = (NOON - age).timestamp()
    for name in picture.file_names:
        os.utime(folder / "pictures" / name, (at, at))
    return picture


def give(session: Session, prize: Prize, picture: Picture | None) -> Prize:
    plan = replace(PrizePlan(prize.name), picture=picture)
    return prizes.edit(session, prize.id, plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng())


def test_what_no_prize_shows_goes_after_a_day(session: Session, store: PictureStore, tmp_path: Path) -> None:
    assert pictures.forget_unused(session, store, now=NOON) == 0
    (prize,) = prizes.listing(session, make_campaign(session).id)
    shown, unused = take_in(store, tmp_path, 10), take_in(store, tmp_path, 90)
    fresh = take_in(store, tmp_path, 200, age=timedelta(hours=23))
    give(session, prize, shown)
    assert pictures.forget_unused(session, store, now=NOON) == 1
    assert [store.has(each) for each in (shown, unused, fresh)] == [True, False, True]
    give(session, prize, None)
    assert pictures.forget_unused(session, store, now=NOON + timedelta(days=2)) == 2
    assert not store.has(shown)


def test_a_removed_prize_keeps_its_picture_for_those_who_won_it(
    session: Session, store: PictureStore, tmp_path: Path
) -> None:
    (prize,) = prizes.listing(session, make_campaign(session).id)
    shown = take_in(store, tmp_path, 10)
    give(session, prize, shown)
    won = submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    assert isinstance(won, Won)
    assert won.picture == shown
    prizes.remove(session, prize.id, actor=COMMAND_LINE, now=NOON)
    assert pictures.forget_unused(session, store, now=NOON) == 0
    (other,) = prizes.listing(session, make_campaign(session, slug="other", seed=8).id)
    unwon = take_in(store, tmp_path, 70)
    give(session, other, unwon)
    prizes.remove(session, other.id, actor=COMMAND_LINE, now=NOON)
    assert pictures.forget_unused(session, store, now=NOON) == 1
    assert [store.has(shown), store.has(unwon)] == [True, False]
