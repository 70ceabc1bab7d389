"""Official rules: facts that are kept as they are, and texts that contradict them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain.eligibility import EntryLimit
from app.domain.official_rules import ChanceFact, Contradicts, PrizeFact, RuleFacts, contradictions

FACTS = RuleFacts(
    title="Summer",
    sponsor="Corner & Pine",
    zone="Europe/Istanbul",
    opens_at=datetime(2030, 6, 1, 6, tzinfo=UTC),
    closes_at=datetime(2030, 6, 30, 21, tzinfo=UTC),  # midnight there: the last day is the 30th
    limit=EntryLimit.DAILY,
    prizes=(PrizeFact("Ring", "Gold", 5), PrizeFact("Mug", "Silver", 40), PrizeFact("Pen", "Silver", 60)),
    chances=(ChanceFact("Gold", 10), ChanceFact("Silver", 3), ChanceFact("Off", 0)),
    total=1000,
    odds_version=4,
    seed_commit="0" * 64,
)


def stated(text: str) -> list[tuple[str, str]]:
    return [(one.about.value, one.stated) for one in contradictions(replace(FACTS, own=text))]


def test_a_version_is_read_back_as_it_was_kept() -> None:
    assert RuleFacts.from_document(FACTS.document) == FACTS
    without = replace(FACTS, opens_at=None, closes_at=None, who="All", own="Nothing else.")
    assert RuleFacts.from_document(without.document) == without
    assert FACTS.win_weight == 13


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The chance of Gold is 1 in 100, of Silver about 1 in 333.",
        "1/100 for Gold; 3 in 1,000 for Silver; 13 out of 1000 for any of them.",
        "Altın için 100'de 1, gümüş için 333’te 1.",
        "From 2030-06-01 until 30 June 2030, which is midnight before July 1st, 2030.",
        "1 Haziran 2030 – 30.06.2030",
        "There are 105 prizes: 5 codes, 100 gifts, and 3 prizes in kind. 60 ödül.",
        "Open 24/7, for those over 18. Call 555 12 34. On 31.13.2030 nothing happens.",
        "10 % off; take 1/1; 5 in 5.",
    ],
)
def test_what_the_configuration_bears_out_is_let_be(text: str) -> None:
    assert stated(text) == []


@pytest.mark.parametrize(
    ("text", "about", "words"),
    [
        ("Every entry wins with a chance of 1 in 20!", Contradicts.ODDS, "1 in 20"),
        ("3 out of 10 win", Contradicts.ODDS, "3 out of 10"),
        ("Chance: 1/20.", Contradicts.ODDS, "1/20"),
        ("Şansınız 20'de 1.", Contradicts.ODDS, "20'de 1"),
        ("1 in 1,001", Contradicts.ODDS, "1 in 1,001"),
        ("until 2030-07-31", Contradicts.DATES, "2030-07-31"),
        ("until 31.07.2030", Contradicts.DATES, "31.07.2030"),
        ("until the 31st of July 2030", Contradicts.DATES, "31st of July 2030"),
        ("until JULY 31, 2030", Contradicts.DATES, "JULY 31, 2030"),
        ("31 KASIM 2030 yok, 30 KASIM 2030 var", Contradicts.DATES, "30 KASIM 2030"),
        ("15 Nisan 2030", Contradicts.DATES, "15 Nisan 2030"),
        ("15 NİSAN 2030", Contradicts.DATES, "15 NİSAN 2030"),
        ("500 prizes are waiting", Contradicts.NUMBERS, "500 prizes"),
        ("1.000 ödül", Contradicts.NUMBERS, "1.000 ödül"),
    ],
)
def test_what_it_does_not_bear_out_is_named_in_its_own_words(
    text: str, about: Contradicts, words: str
) -> None:
    assert stated(text) == [(about.value, words)]


def test_each_is_named_once_and_who_may_take_part_is_read_too() -> None:
    facts = replace(FACTS, who="1 in 20", own="1 in 20, once more 1 in 20")
    assert [one.stated for one in contradictions(facts)] == ["1 in 20"]


def test_without_an_end_no_last_day_is_known() -> None:
    facts = replace(FACTS, closes_at=None, opens_at=None, own="2030-06-30")
    assert [one.about for one in contradictions(facts)] == [Contradicts.DATES]
