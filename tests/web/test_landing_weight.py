"""The landing page is light: few bytes before anybody touches it, few queries behind it."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.palette import Ground
from app.domain.pictures import Picture
from app.domain.reveals import Reveal
from app.domain.theme import Corners, Fonts, Theme, Tone
from app.services import campaigns, entry_forms, looks, partners
from app.services.audit import COMMAND_LINE
from tests.support import weight
from tests.support.factories import TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.queries import counted
from tests.support.stage import FULL_FORM

pytestmark = pytest.mark.sqlite_is_enough


BEFORE, WITH_THE_CHECK = 45_000, 91_000  # bytes, packed with gzip, pictures apart
LANGUAGES = pytest.mark.parametrize("language", ["en", "tr"])


def names(addresses: frozenset[str]) -> set[str]:
    return {urlsplit(address).path.rpartition("/")[2] for address in addresses}


@pytest.fixture
def campaign(session: Session) -> None:
    """Two tiers of prizes, and somebody who brings people in."""
    made = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver", 9)])
    partners.add(session, made.id, "ayse", "Ayşe Yılmaz", actor=COMMAND_LINE, now=NOON, rng=FakeRng(3))


@LANGUAGES
def test_the_landing_page_weighs_little(client: FlaskClient, campaign: None, language: str) -> None:
    speech = {"Accept-Language": language}
    found = weight.loads(client, "/c/summer", **speech)
    before = weight.packed_bytes(client, [found.page, *found.at_once], **speech)
    assert before <= BEFORE
    assert before + weight.packed_bytes(client, found.for_the_form) <= WITH_THE_CHECK


def test_what_only_the_form_needs_comes_with_the_form(client: FlaskClient, campaign: None) -> None:
    found = weight.loads(client, "/c/summer")
    assert {
        "tokens.css",
        "base.css",
        "public.css",
        "latin.woff2",
        "entry.js",
        "countdown.js",
        "own-clock.js",
    } == names(found.at_once)
    assert {"htmx.min.js", "altcha.min.js", "altcha.css", "pbkdf2.js", "reveal.css", "reveal.js"} == names(
        found.for_the_form
    )


@pytest.mark.parametrize("reveal", [Reveal.SCRATCH, Reveal.WHEEL, Reveal.SLOTS, Reveal.GIFT])
def test_a_game_comes_with_the_form_and_makes_the_page_no_heavier(
    client: FlaskClient, session: Session, campaign: None, reveal: Reveal
) -> None:
    plain = weight.loads(client, "/c/summer")
    made = campaigns.get(session, "summer")
    plan = replace(campaigns.plan_of(made), reveal=reveal)
    campaigns.edit(session, made.id, plan, actor=COMMAND_LINE, now=NOON)
    found = weight.loads(client, "/c/summer")
    assert found.at_once == plain.at_once
    its_own = {"game.js", "sound.js", f"game-{reveal.value}.js", "games.css"}
    assert names(found.for_the_form - plain.for_the_form) == its_own
    before = weight.packed_bytes(client, [found.page, *found.at_once])
    assert before <= BEFORE
    assert before + weight.packed_bytes(client, found.for_the_form) <= WITH_THE_CHECK


def test_a_page_in_turkish_adds_its_letters_and_the_checks_words(client: FlaskClient, campaign: None) -> None:
    english, turkish = (
        weight.loads(client, "/c/summer", **{"Accept-Language": language}) for language in ("en", "tr")
    )
    assert names(turkish.at_once - english.at_once) == {"turkish.woff2"}
    assert names(turkish.for_the_form - english.for_the_form) == {"tr.js"}


def test_a_page_without_a_form_needs_nothing_for_one(client: FlaskClient, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold", codes=0)])
    assert weight.loads(client, "/c/summer").for_the_form == frozenset()


@pytest.mark.parametrize(("path", "most"), [("/c/summer", 2), ("/c/summer/via/nobody", 4)])
def test_the_landing_page_asks_the_database_little(
    app: Flask, client: FlaskClient, campaign: None, path: str, most: int
) -> None:
    client.get(path)  # counts the stock
    with counted(app) as statements:
        assert client.get(path).status_code == 200
    assert 0 < len(statements) <= most, statements


def dress(session: Session, fonts: Fonts) -> None:
    """All that a look can be: two pictures, own colours and corners for light and dark, and ten fields."""
    made = campaigns.get(session, "summer")
    heaviest = Theme(
        logo=Picture("ab" * 16, 800, 200),
        logo_tone=Tone.DARK,
        hero=Picture("cd" * 16, 1200, 600),
        hero_alt="Hills & a sun",
        colour="#e4002b",
        ground=Ground.BRAND,
        fonts=fonts,
        corners=Corners.ROUND,
    )
    looks.edit(session, made.id, heaviest, actor=COMMAND_LINE, now=NOON)
    entry_forms.save(session, made.id, FULL_FORM, actor=COMMAND_LINE, now=NOON, reason="more to ask")


@pytest.mark.parametrize("fonts", Fonts)
def test_a_page_in_its_own_look_with_ten_fields_weighs_little_as_well(
    app: Flask, client: FlaskClient, session: Session, campaign: None, fonts: Fonts
) -> None:
    dress(session, fonts)
    weights: dict[str, int] = {}
    kept: dict[str, str] = {}
    for language in ("en", "tr", "de", "es", "ar"):
        speech = {"Accept-Language": language}
        found = weight.loads(client, "/c/summer/via/ayse", **speech)
        used = worn(found.at_once, fonts)
        assert {"theme.css", "turkish.woff2"} <= names(used)
        weights[language] = weight.sent_bytes(client, [found.page, *used], **speech)
        kept |= {address: client.get(address).headers["Cache-Control"] for address in found.at_once}
    assert max(weights.values()) <= BEFORE, weights
    assert {policy for policy in kept.values() if "immutable" not in policy} == set(), kept
    with counted(app) as statements:
        page = client.get("/c/summer")
    assert page.get_data(as_text=True).count('class="field') >= len(FULL_FORM.fields)
    assert len(statements) <= 2, statements


@pytest.mark.parametrize("fonts", Fonts)
def test_a_title_in_polish_adds_the_letters_of_its_part_of_the_world(
    client: FlaskClient, session: Session, campaign: None, fonts: Fonts
) -> None:
    dress(session, fonts)
    made = campaigns.get(session, "summer")
    plan = replace(campaigns.plan_of(made), title="Żółte lato, święto, gęś")
    campaigns.edit(session, made.id, plan, actor=COMMAND_LINE, now=NOON, reason="in Polish")
    found = weight.loads(client, "/c/summer")
    used = worn(found.at_once, fonts)
    assert "central.woff2" in names(used)
    assert "latin-ext.woff2" not in names(used)
    assert weight.packed_bytes(client, [found.page, *used]) <= BEFORE


def worn(addresses: frozenset[str], fonts: Fonts) -> frozenset[str]:
    """The usual face is declared on every page; no rule of one that wears another asks for it."""
    return frozenset(one for one in addresses if fonts is Fonts.GROTESK or "familjen" not in one)
