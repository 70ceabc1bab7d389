"""Letters: in both languages, as text and as HTML, with nothing in them that could act as markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.adapters.letters import ACCENTS, AwardWon, Letters
from app.config import ROOT

TRANSLATIONS = ROOT / "app" / "translations"
ABOUT = AwardWon(
    title="Summer giveaway",
    sponsor="Brand",
    accent="teal",
    timezone="Europe/Istanbul",
    tier="Gold",
    prize="20 % off",
    code="GOLD-2K7M",
    instructions="Show it\nat the till.",
    at=datetime(2030, 6, 15, 21, 30, tzinfo=UTC),
    result_url="https://win.example/c/summer/result/token",
    landing_url="https://win.example/c/summer",
    rules_url="https://win.example/c/summer/rules",
)


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters(ROOT / "templates" / "email", TRANSLATIONS)


class Reader(HTMLParser):
    """The words and links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words = ""
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Anything that would be loaded from elsewhere is a link too."""
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"} and value]


@pytest.mark.parametrize(
    ("locale", "subject", "day"),
    [
        ("en", "You won: 20 % off", "16 June 2030, 00:30"),
        ("tr", "Kazandınız: 20 % off", "16 Haziran 2030, 00:30"),
    ],
)
def test_a_winner_is_told_in_their_language(letters: Letters, locale: str, subject: str, day: str) -> None:
    letter = letters.award_won(ABOUT, locale)
    assert letter.subject == subject
    page = Reader(letter.html)
    assert f'lang="{locale}"' in letter.html
    for text in (letter.text, page.words):
        for part in (
            "20 % off",
            "GOLD-2K7M",
            "Show it",
            "at the till.",
            "Gold",
            "Brand",
            day,
            "Europe/Istanbul",
        ):
            assert part in text
    for link in (ABOUT.result_url, ABOUT.rules_url):
        assert link in letter.text
        assert link in page.links
    assert set(page.links) <= {ABOUT.result_url, ABOUT.rules_url}, "nothing is loaded, and nobody is tracked"


def test_turkish_letters_have_no_english_in_them(letters: Letters) -> None:
    english, turkish = (letters.award_won(ABOUT, locale).text.splitlines() for locale in ("en", "tr"))
    given = {ABOUT.prize, ABOUT.result_url, ABOUT.sponsor, "Show it", "at the till.", "--", ""}
    same = {line for line in turkish if line in english} - given
    assert {line.strip() for line in same} <= {ABOUT.code}


@pytest.mark.parametrize("locale", ["xx", "not a language", "fr", "en_GB", ""])
def test_other_languages_get_english(letters: Letters, locale: str) -> None:
    assert letters.award_won(ABOUT, locale).subject == "You won: 20 % off"


def test_what_staff_typed_is_text_and_stays_on_its_line(letters: Letters) -> None:
    about = replace(ABOUT, prize='<b>"Tea" & cake</b>', sponsor="", instructions="", accent="unknown")
    letter = letters.award_won(about, "en")
    assert letter.subject == 'You won: <b>"Tea" & cake</b>'
    assert '<b>"Tea" & cake</b>' in letter.text
    page = Reader(letter.html)
    assert "b" not in page.tags
    assert '<b>"Tea" & cake</b>' in page.words
    assert "Given by" not in letter.text + page.words
    assert ACCENTS["indigo"][0] in letter.html
    assert "\n" not in letters.award_won(replace(ABOUT, prize="Tea\nBcc: x@example.org"), "en").subject


def test_the_text_has_no_holes(letters: Letters) -> None:
    for about in (ABOUT, replace(ABOUT, sponsor="", instructions="")):
        assert "\n\n\n" not in letters.award_won(about, "en").text


def test_accents_are_those_of_the_pages() -> None:
    tokens = (Path(ROOT) / "static" / "css" / "tokens.css").read_text("utf-8")
    found: dict[str, tuple[str, str]] = {}
    for name, values in re.findall(r"\[data-accent=(\w+)\] \{([^}]*)\}", tokens):
        colours = dict(re.findall(r"--(accent|on-accent): (#[0-9a-f]{6})", values))
        found.setdefault(name, (colours["accent"], colours["on-accent"]))  # light comes first
    assert found == ACCENTS


@pytest.mark.parametrize(
    ("locale", "until"), [("en", "Good until 31 December 2030"), ("tr", "31 Aralık 2030")]
)
def test_a_letter_says_until_when_and_leads_on(letters: Letters, locale: str, until: str) -> None:
    ends = datetime(2030, 12, 31, 21, tzinfo=UTC)  # midnight in Istanbul
    about = replace(ABOUT, expires_at=ends, link="https://shop.example/start?from=us&x=1")
    letter = letters.award_won(about, locale)
    assert until in letter.text
    assert until in Reader(letter.html).words
    assert about.link in letter.text
    assert about.link in Reader(letter.html).links
    assert until not in letters.award_won(ABOUT, locale).text
