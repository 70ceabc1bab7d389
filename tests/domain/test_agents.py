"""Browsers in words."""

import pytest

from app.domain.agents import agent_words

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (f"{MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        (
            (
                f"{MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0"
                " Safari/537.36 Edg/140.0.0.0"
            ),
            "Edge, Windows",
        ),
        (
            (f"{MOZILLA} (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36"),
            "Chrome, Android",
        ),
        (
            (
                f"{MOZILLA} (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
                " Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari, iPhone",
        ),
        ("curl/8.5.0", ""),
        ("Firefox/1", "Firefox"),
        ("<script>alert(1)</script> Linux", "Linux"),
        ("", ""),
    ],
)
def test_browser_and_system_and_nothing_else(header: str, words: str) -> None:
    assert agent_words(header) == words
