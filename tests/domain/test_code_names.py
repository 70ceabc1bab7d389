"""Suggested beginnings of codes."""

from datetime import date

import pytest

from app.domain.code_names import season_of, suggested_prefixes
from app.domain.codes import generate
from tests.support.fakes import FakeRng

JUNE = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("title", "tier", "season", "names"),
    [
        ("Summer giveaway", "Gold", "Summer", ("SUMMER26G", "SUMMER-GOLD", "GOLD26")),
        ("Win a bike", "2nd prize", "Summer", ("WIN262", "SUMMER262", "WIN-2ND", "2ND26")),
        ("Çılgın İndirim 2026", "Gümüş", "Yaz", ("CILGIN26G", "YAZ26G", "CILGIN-GUMUS", "GUMUS26")),
        (
            "Extraordinarily long",
            "Platinum plus",
            "Summer",
            ("EXTRAORD26P", "SUMMER26P", "EXTRAORD-PLATINUM", "PLATINUM26"),
        ),
        ("夏のプレゼント", "金", "Summer", ("SUMMER26",)),
        ("", "", "", ()),
    ],
)
def test_names_come_from_title_season_and_tier(
    title: str, tier: str, season: str, names: tuple[str, ...]
) -> None:
    found = suggested_prefixes(title, tier, season, JUNE)
    assert found == names
    for name in found:
        assert generate(FakeRng(), 1, name)[0].startswith(f"{name}-")


def test_no_suggestion_offends() -> None:
    assert suggested_prefixes("Fucking great", "Gold", "Summer", JUNE) == ("SUMMER26G", "GOLD26")


@pytest.mark.parametrize(
    ("month", "season"),
    [
        (1, "winter"),
        (3, "spring"),
        (5, "spring"),
        (6, "summer"),
        (9, "autumn"),
        (11, "autumn"),
        (12, "winter"),
    ],
)
def test_seasons(month: int, season: str) -> None:
    assert season_of(date(2026, month, 1)) == season
