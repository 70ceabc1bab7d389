"""A campaign's own words in several languages: what is said where something is missing."""

from uuid import UUID

import pytest

from app.domain.campaign_texts import CampaignTexts, is_key, is_line, prize_key

PRIZE = UUID(int=7)
TEXTS = CampaignTexts(
    "tr",
    {
        "tr": {"lost": "Bu sefer olmadı"},
        "de": {"title": "Sommer", "lost": ""},
        "ar": {},
    },
)


def test_a_text_is_said_in_the_language_asked_for() -> None:
    assert TEXTS.text("title", "de", "Yaz") == "Sommer"
    assert TEXTS.language_of("title", "de") == "de"


def test_what_is_missing_falls_back_to_the_own_language_and_then_to_the_default() -> None:
    assert TEXTS.text("lost", "de", "Leider nein") == "Bu sefer olmadı"
    assert TEXTS.language_of("lost", "de") == "tr"
    assert TEXTS.text("title", "ar", "Yaz") == "Yaz"
    assert TEXTS.text("title", "en") == ""


def test_what_a_row_says_in_the_own_language_is_not_said_twice() -> None:
    texts = CampaignTexts("de", {"de": {"title": "Left from before"}})
    assert texts.text("title", "de", "Sommer") == "Sommer"


def test_a_campaign_speaks_its_own_language_first() -> None:
    assert TEXTS.languages == ("tr", "de", "ar")
    assert CampaignTexts("en", {}).languages == ("en",)


def test_what_is_missing_in_a_language_is_known() -> None:
    assert TEXTS.missing(["title", "lost"], "de") == ("lost",)


@pytest.mark.parametrize(
    "key",
    ["title", prize_key(PRIZE, "name"), "form.postcode.label", "form.shirt.option.xl"],
)
def test_a_line_has_a_key(key: str) -> None:
    assert is_line(key)
    assert is_key(key)


@pytest.mark.parametrize(
    "key",
    ["intro", "won", "lost", "state.sold_out", prize_key(PRIZE, "instructions"), "form.postcode.help"],
)
def test_longer_texts_have_one(key: str) -> None:
    assert is_key(key)
    assert not is_line(key)


@pytest.mark.parametrize("key", ["", "rules", "state.live", "prize.7.name", "form..label", "title\n"])
def test_nothing_else_is_a_key(key: str) -> None:
    assert not is_key(key)
