"""How pages tell times, odds and figures."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

from app.web import filters

NOW = datetime(2026, 12, 4, 9, 30, tzinfo=UTC)  # a Friday
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["en"])
def page(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """A bare application with the filters, inside a request in the language of the parameter."""
    app = Flask(__name__, static_folder=str(ROOT / "static"))
    Babel(app, locale_selector=lambda: request.param)
    filters.register(app, clock=lambda: NOW)
    with app.test_request_context():
        yield app


def render(app: Flask, source: str, **values: object) -> str:
    """Render a line of template."""
    return app.jinja_env.from_string(source).render(**values)


@pytest.mark.parametrize(
    ("weight", "total", "words"),
    [
        (4, 1000, "1 in 250"),
        (3, 1000, "about 1 in 333"),
        (300, 1000, "about 1 in 3.3"),
        (2, 3, "2 in 3"),
        (0, 1000, "no chance"),
        (5, 0, "no chance"),
        (7, 7, "every entry"),
        (1, 12_500, "1 in 12,500"),
        (1, 2**62, "1 in 4,611,686,018,427,387,904"),
    ],
)
def test_odds(page: Flask, weight: int, total: int, words: str) -> None:
    assert render(page, "{{ w|odds(t) }}", w=weight, t=total) == words


@pytest.mark.parametrize(
    ("weight", "total", "words"),
    [(1, 4, "25%"), (1, 3, "33.33%"), (1, 20_000, "0.005%"), (0, 9, "0%"), (1, 2**40, "< 0.0001%")],
)
def test_percent(page: Flask, weight: int, total: int, words: str) -> None:
    assert render(page, "{{ w|percent(t)|safe }}", w=weight, t=total) == words


@pytest.mark.parametrize("page", ["tr"], indirect=True)
def test_figures_follow_the_language(page: Flask) -> None:
    assert render(page, "{{ 12500|grouped }}") == "12.500"
    assert render(page, "{{ 1|percent(3) }}") == "%33,33"


def test_a_moment_carries_its_exact_time_in_the_zone(page: Flask) -> None:
    html = render(page, "{{ m|moment('Europe/Istanbul') }}", m=NOW)
    assert 'datetime="2026-12-04T09:30:00Z"' in html
    assert 'title="Friday, 4 December 2026 12:30 (Europe/Istanbul)"' in html
    assert ">4 Dec 2026, 12:30<" in html


@pytest.mark.parametrize("source", ["{{ none|moment('UTC') }}", "{{ none|day }}", "{{ none|ago }}"])
def test_no_moment_is_a_dash(page: Flask, source: str) -> None:
    assert render(page, source) == "–"


def test_a_day_is_that_of_the_zone(page: Flask) -> None:
    late = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)
    assert ">1 Jan 2027<" in render(page, "{{ m|day('Europe/Istanbul') }}", m=late)
    assert ">31 Dec 2026<" in render(page, "{{ m|day }}", m=late)
    assert render(page, "{{ d|day }}", d=date(2026, 12, 1)) == '<time datetime="2026-12-01">1 Dec 2026</time>'


@pytest.mark.parametrize(
    ("days", "words"), [(2, "Sunday 12:30"), (-1, "Thursday 12:30"), (9, "13 December, 12:30")]
)
def test_a_near_deadline_is_told_by_its_weekday(page: Flask, days: int, words: str) -> None:
    moment = NOW + timedelta(days=days)
    assert f">{words}<" in render(page, "{{ m|deadline('Europe/Istanbul') }}", m=moment)


def test_times_relative_to_the_present(page: Flask) -> None:
    assert ">3 hours ago<" in render(page, "{{ m|ago }}", m=NOW - timedelta(hours=3))
    assert ">in 2 days<" in render(page, "{{ m|ago }}", m=NOW + timedelta(days=2))
    assert render(page, "{{ m|time_left }}", m=NOW + timedelta(days=3)) == "3 days"
    assert render(page, "{{ m|time_left }}", m=NOW - timedelta(days=3)) == "0 seconds"


def test_short_lines_on_their_own_become_headings_when_asked(page: Flask) -> None:
    text = "Who may take part\n\nEveryone.\n\n<Prizes>\n\nMany\nof them\n\nEnd"
    html = render(page, "{{ text|paragraphs(headings=true) }}", text=text)
    assert html == (
        "<h2>Who may take part</h2><p>Everyone.</p><h2>&lt;Prizes&gt;</h2><p>Many<br>of them</p><p>End</p>"
    )


def test_paragraphs_escape_what_they_carry(page: Flask) -> None:
    html = render(page, "{{ text|paragraphs }}", text="One <b>\r\ntwo\n\n\n\nthree")
    assert html == "<p>One &lt;b&gt;<br>two</p><p>three</p>"


def test_artwork_is_inline_and_an_unknown_key_is_a_gift(page: Flask) -> None:
    for key in filters.ARTWORK:
        html = render(page, "{{ key|artwork }}", key=key)
        assert html.startswith("<svg")
        assert "style=" not in html
    assert render(page, "{{ '../../etc'|artwork }}") == render(page, "{{ 'gift'|artwork }}")


@pytest.mark.parametrize(("page", "way"), [("en", "ltr"), ("ar", "rtl"), ("tr", "ltr")], indirect=["page"])
def test_a_page_knows_its_language_and_direction(page: Flask, way: str) -> None:
    values: dict[str, object] = {}
    page.update_template_context(values)
    assert values["text_dir"] == way


def test_outside_a_request_the_language_is_english() -> None:
    assert str(filters.locale()) == "en"
