"""The draw against the test vectors of PW-FAIR/1, section 9, and against what it promises."""

import hmac
from collections import Counter
from uuid import UUID

import pytest

from app.domain.draw import draw, entry_commitment, seed_commitment, ticket
from app.domain.odds import OddsTable, TierOdds

CAMPAIGN = UUID(hex="00112233445566778899aabbccddeeff")
SEED = bytes(range(32))
GOLD, SILVER = UUID(int=1), UUID(int=2)


def test_seed_commitment() -> None:
    expected = "1d062ca03db5df5c549a8948d785d24b569a3ec72f112f6e55f7c87e09a8662b"
    assert seed_commitment(CAMPAIGN, SEED) == expected


@pytest.mark.parametrize(
    ("nonce", "email", "commitment", "tickets"),
    [
        (
            "01" * 16,
            "ayse@example.org",
            "a88c04452d2428f05ab7431873ee44712e3623f5b03ba21e4085d3033ccbe89e",
            {10_000: 9404, 7: 5, 1: 0, 2**63: 6556249635739839404},
        ),
        (
            "02" * 16,
            "ayse@example.org",
            "ded98997c504085b8de1c6de88aebcd4db39de9774a0e19f40ff427672c00b82",
            {10_000: 3094, 7: 0, 1: 0, 2**63: 5441768978221527286},
        ),
        (
            "ff" * 16,
            "çağla@örnek.example",
            "5033d3aad4a2ba4cd285b7ddb32773bb07c7611a42e7fe462bd4c77cc5dfd74e",
            {10_000: 9321, 7: 1, 1: 0, 2**63: 2349539647051193513},
        ),
    ],
)
def test_commitments_and_tickets(nonce: str, email: str, commitment: str, tickets: dict[int, int]) -> None:
    made = entry_commitment(CAMPAIGN, bytes.fromhex(nonce), email)
    assert made.hex() == commitment
    assert {total: ticket(SEED, CAMPAIGN, made, total) for total in tickets} == tickets


def test_rejection_draws_again_instead_of_favouring_low_tickets() -> None:
    total = 6148914691236517206  # leaves a third of the u64 range past the last whole multiple
    drawn = [
        ticket(SEED, CAMPAIGN, entry_commitment(CAMPAIGN, bytes([n]) * 16, "ayse@example.org"), total)
        for n in range(1, 9)
    ]
    assert drawn == [
        407334944503322198,
        4846498021959312317,
        2927444793251212497,
        3314757548638045772,
        3125864177667701572,
        4792545106216500290,
        3187118079782398620,
        5188190068525104336,
    ]


def _table(lose_weight: int, *weights: int) -> OddsTable:
    tiers = tuple(TierOdds(UUID(int=number), weight) for number, weight in enumerate(weights, start=1))
    return OddsTable(CAMPAIGN, 1, "0" * 64, lose_weight, tiers)


def test_an_outcome_is_a_function_of_seed_and_nonce_alone() -> None:
    commitment = entry_commitment(CAMPAIGN, b"n" * 16, "a@example.org")
    assert draw(SEED, commitment, _table(9, 1)) == draw(SEED, commitment, _table(9, 1))
    drawn = draw(SEED, commitment, _table(0, 1))
    assert (drawn.ticket, drawn.tier) == (0, GOLD)
    drawn = draw(SEED, commitment, _table(1, 0, 0))
    assert (drawn.ticket, drawn.tier) == (0, None)


def test_drawing_again_has_tickets_of_its_own_from_seed_and_nonce_alone() -> None:
    commitment = entry_commitment(CAMPAIGN, b"n" * 16, "a@example.org")
    again, same = (draw(SEED, commitment, _table(9, 1)).redraw for _ in range(2))
    tickets = [again(rounds, 10**12) for rounds in range(1, 20)]
    assert tickets == [same(rounds, 10**12) for rounds in range(1, 20)]
    assert len({*tickets, ticket(SEED, CAMPAIGN, commitment, 10**12)}) == 20
    assert {again(rounds, 1) for rounds in range(1, 20)} == {0}
    message = b"prizewell/redraw/1\0" + CAMPAIGN.bytes + commitment + bytes((0, 0, 0, 3)) + bytes(4)
    first = hmac.digest(SEED, message, "sha256")[:8]
    assert again(3, 2**63) == int.from_bytes(first) % 2**63, "the formula of docs/fairness.md"


@pytest.mark.stats
def test_a_hundred_thousand_draws_fit_the_odds() -> None:
    table = _table(900, 10, 90)
    hits: Counter[UUID | None] = Counter()
    draws = 100_000
    for number in range(draws):
        commitment = entry_commitment(CAMPAIGN, number.to_bytes(16, "big"), "a@example.org")
        hits[draw(SEED, commitment, table).tier] += 1
    expected = {GOLD: draws * 10 / 1000, SILVER: draws * 90 / 1000, None: draws * 900 / 1000}
    chi_square = sum((hits[tier] - count) ** 2 / count for tier, count in expected.items())
    assert chi_square < 9.210, "the 99 % point of chi-square with 2 degrees of freedom"


@pytest.mark.stats
def test_tickets_are_uniform() -> None:
    """A hundred cells, 99 % point of chi-square with 99 degrees of freedom."""
    cells: Counter[int] = Counter(
        ticket(SEED, CAMPAIGN, entry_commitment(CAMPAIGN, number.to_bytes(16, "big"), "b@example.org"), 100)
        for number in range(100_000)
    )
    assert sum((cells[cell] - 1000) ** 2 / 1000 for cell in range(100)) < 134.642
