"""Browsers in words."""

import pytest

from app.domain.agents import agent_words, device_class, is_robot

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


@pytest.mark.parametrize(
    ("header", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1", "phone"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/120 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/120 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X) Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0", "desktop"),
        ("something", ""),
        ("", ""),
    ],
)
def test_classes_of_devices(header: str, device: str) -> None:
    assert device_class(header) == device


@pytest.mark.parametrize(
    ("header", "robot"),
    [
        ("", True),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("facebookexternalhit/1.1", True),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/120", True),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0", False),
    ],
)
def test_robots_say_so(header: str, robot: bool) -> None:
    assert is_robot(header) is robot
