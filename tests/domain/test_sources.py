"""Sources: words of a link, tidied and bounded; nothing else of it is kept."""

import pytest

from app.domain.sources import MOST, Source, source_of

PAGE = "https://win.example/c/summer"


def test_the_words_of_a_link_are_read_in_small_letters() -> None:
    address = f"{PAGE}?utm_source=Instagram&utm_medium=Story&utm_campaign=%20Sommer%20Start%20&lang=tr&id=7"
    assert source_of(address, "phone") == Source("instagram", "story", "sommer start", "phone")


@pytest.mark.parametrize(
    "address",
    [
        "",
        PAGE,
        f"{PAGE}?utm_source={'x' * (MOST + 1)}",
        f"{PAGE}?utm_source=a%0Ab",
        f"{PAGE}?utm_source=ayse@example.org",
        f"{PAGE}?utm_source=%E2%80%AEcba",
        f"{PAGE}?{'a=1&' * 60}utm_source=x",
        f"{PAGE}?a={'x' * 2000}&utm_source=x",
        "https://[broken?utm_source=x",
    ],
)
def test_what_cannot_be_used_is_left_out(address: str) -> None:
    assert source_of(address, "desktop") == Source(device="desktop")
