"""ALTCHA as we use it: bound to the campaign, expiring, signed; whatever cannot be checked is not solved."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest

from app.adapters.captcha import LIFETIME, AltchaCaptcha, Solved, Unsolved
from app.domain.outcomes import RefusalReason
from tests.support.fakes import FakeRng
from tests.support.visitor import solve

SECRET = "0123456789abcdef" * 4
CAPTCHA = AltchaCaptcha(SECRET, cost=1)
NOW = datetime.now(UTC)


def changed(payload: str, change: Any) -> str:
    document = json.loads(base64.b64decode(payload))
    change(document)
    return base64.b64encode(json.dumps(document).encode()).decode()


PAYLOAD = solve(CAPTCHA.challenge("summer", NOW, FakeRng()))
INVALID, EXPIRED = Unsolved(RefusalReason.CAPTCHA_INVALID), Unsolved(RefusalReason.CAPTCHA_EXPIRED)


def test_a_solution_is_known_by_its_challenges_signature() -> None:
    verdict = CAPTCHA.verify(PAYLOAD, "summer", NOW)
    assert isinstance(verdict, Solved)
    assert len(verdict.signature) == 32
    assert abs(verdict.expires_at - (NOW + LIFETIME)) < timedelta(seconds=2)


def test_the_solving_time_is_bounded() -> None:
    counters = []
    for seed in range(5):
        challenge = altcha.Challenge.from_dict(CAPTCHA.challenge("summer", NOW, FakeRng(seed)))
        solution = altcha.solve_challenge(challenge)
        assert solution is not None
        counters.append(solution.counter)
    assert all(50 <= counter <= 149 for counter in counters)


def test_another_text_of_the_same_solution_is_the_same_challenge() -> None:
    """Payload texts can be changed at will; only the signature tells replays."""
    rewritten = changed(PAYLOAD, lambda document: document["solution"].update(time=99))
    assert rewritten != PAYLOAD
    assert CAPTCHA.verify(rewritten, "summer", NOW) == CAPTCHA.verify(PAYLOAD, "summer", NOW)


def test_it_is_bound_to_its_campaign() -> None:
    assert CAPTCHA.verify(PAYLOAD, "winter", NOW) == INVALID


def test_it_expires() -> None:
    assert CAPTCHA.verify(PAYLOAD, "summer", NOW + LIFETIME + timedelta(seconds=1)) == EXPIRED


def test_another_key_does_not_verify() -> None:
    assert AltchaCaptcha("another secret " * 4, 1).verify(PAYLOAD, "summer", NOW) == INVALID


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["challenge"]["parameters"].update(cost=2),
        lambda d: d["challenge"]["parameters"].pop("expiresAt"),
        lambda d: d["challenge"]["parameters"]["data"].update(campaign="winter"),
        lambda d: d["challenge"].update(signature=None),
        lambda d: d["challenge"].update(signature="00" * 32),
        lambda d: d["challenge"].update(signature=d["challenge"]["signature"].upper()),
        lambda d: d["solution"].update(derivedKey="00" * 32),
        lambda d: d["solution"].update(derivedKey=7),
        lambda d: d.pop("solution"),
        lambda d: d.update(challenge=[]),
    ],
)
def test_a_changed_solution_is_none(change: Any) -> None:
    assert CAPTCHA.verify(changed(PAYLOAD, change), "summer", NOW) == INVALID


@pytest.mark.parametrize("payload", ["", "x", "e30=", "bnVsbA==", "W10=", "\x00", "é" * 10, "A" * 5000])
def test_rubbish_is_no_solution(payload: str) -> None:
    assert CAPTCHA.verify(payload, "summer", NOW) == INVALID
