"""What services say, as pages say it."""

import pytest
from flask import Flask

from app.domain.code_list import NotText
from app.domain.eligibility import CampaignStatus
from app.domain.errors import Conflict, InvalidInput, Worded
from app.web.wording import told

CASES: list[tuple[Worded, str, str]] = [
    (
        InvalidInput("quantity", "use a whole number from %(least)s to %(most)s", least=0, most=1_000_000),
        "Use a whole number from 0 to 1,000,000.",
        "0 ile 1.000.000 arasında bir tam sayı yazın.",
    ),
    (
        Conflict("another tier of this campaign is called “%(name)s”", name="100% %(x)s"),
        "Another tier of this campaign is called “100% %(x)s”.",
        "Bu kampanyada “100% %(x)s” adlı başka bir kademe var.",
    ),
    (
        Conflict(
            "a campaign that is %(status)s cannot become %(wanted)s",
            status=CampaignStatus.CLOSED,
            wanted=CampaignStatus.OPEN,
        ),
        "A campaign that is closed cannot become open.",
        "Kampanyanın durumu “kapandı”; bu durumdan “açık” durumuna geçilemez.",
    ),
    (
        NotText(1200, "Line %(line)s is not UTF-8 text. Save the file as CSV (UTF-8)."),
        "Line 1,200 is not UTF-8 text. Save the file as CSV (UTF-8).",
        "Satır 1.200 UTF-8 metni değil. Dosyayı CSV (UTF-8) olarak kaydedin.",
    ),
]


@pytest.mark.parametrize(("error", "english", "turkish"), CASES)
def test_an_error_is_told_in_the_pages_language(
    app: Flask, error: Worded, english: str, turkish: str
) -> None:
    for language, expected in (("en", english), ("tr", turkish), ("xx", english)):
        with app.test_request_context(headers={"Accept-Language": language}):
            assert told(error) == expected
