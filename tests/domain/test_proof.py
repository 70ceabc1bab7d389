"""What has to wait for proof, and until when."""

from datetime import timedelta

import pytest

from app.domain.proof import Proof, asked, deadline
from tests.support.fakes import NOON


@pytest.mark.parametrize(
    ("setting", "is_won", "is_proved", "wanted"),
    [
        (Proof.NEVER, True, False, Proof.NEVER),
        (Proof.NEVER, False, False, Proof.NEVER),
        (Proof.CODE, True, False, Proof.CODE),
        (Proof.CODE, False, False, Proof.NEVER),
        (Proof.CODE, True, True, Proof.NEVER),
        (Proof.REVEAL, True, False, Proof.REVEAL),
        (Proof.REVEAL, False, False, Proof.REVEAL),
        (Proof.REVEAL, False, True, Proof.NEVER),
    ],
)
def test_what_is_asked(setting: Proof, is_won: bool, is_proved: bool, wanted: Proof) -> None:
    assert asked(setting, is_won=is_won, is_proved=is_proved) is wanted


def test_the_deadline_counts_from_the_entry() -> None:
    assert deadline(NOON, 48) == NOON + timedelta(days=2)
