"""What a code is worth at the till."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.domain.redemption import CodeFacts, Verdict, verdict
from tests.support.fakes import NOON

OWN, OTHER = UUID(int=1), UUID(int=2)
GOOD = CodeFacts(OWN, is_issued=True, uses=1, uses_left=1, expires_at=None)


@pytest.mark.parametrize("scope", [OWN, None])
def test_a_won_code_is_good_for_its_campaign(scope: UUID | None) -> None:
    assert verdict(GOOD, scope, NOON) is Verdict.VALID


@pytest.mark.parametrize(
    ("facts", "scope"), [(None, None), (GOOD, OTHER), (replace(GOOD, is_issued=False), OWN)]
)
def test_what_is_nobodys_business_is_unknown(facts: CodeFacts | None, scope: UUID | None) -> None:
    assert verdict(facts, scope, NOON) is Verdict.UNKNOWN


def test_a_used_code_is_used_also_when_it_has_ended() -> None:
    assert verdict(replace(GOOD, uses_left=0, expires_at=NOON), None, NOON) is Verdict.USED


@pytest.mark.parametrize(("seconds", "expected"), [(0, Verdict.EXPIRED), (1, Verdict.VALID)])
def test_a_code_ends_at_its_moment(seconds: int, expected: Verdict) -> None:
    facts = replace(GOOD, expires_at=NOON + timedelta(seconds=seconds))
    assert verdict(facts, None, NOON) is expected


@pytest.mark.parametrize(("units", "expected"), [(3, Verdict.VALID), (4, Verdict.NOT_ENOUGH)])
def test_no_more_uses_than_are_left(units: int, expected: Verdict) -> None:
    assert verdict(replace(GOOD, uses=5, uses_left=3), None, NOON, units) is expected
