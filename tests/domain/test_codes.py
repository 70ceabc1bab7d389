"""Codes: what the generator promises, what the check symbol catches, and how typed codes are read."""

import itertools
import random
import secrets
import sys
import unicodedata
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import codes, offensive

BODIES = ["000000000000000", "ZZZZZZZZZZZZZZZ", "0123456789ABCDE", "7K2QXW9MNPTVYRH", "GGGGGGGHJKMNPQR"]


class SeededRng:
    """Chance that repeats from run to run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def randbelow(self, n: int, /) -> int:
        """See Rng."""
        return self._random.randrange(n)

    def token_bytes(self, n: int, /) -> bytes:
        """See Rng."""
        return self._random.randbytes(n)


class ConstantRng:
    """Chance that is none."""

    def randbelow(self, n: int, /) -> int:
        """See Rng."""
        return n - n

    def token_bytes(self, n: int, /) -> bytes:
        """See Rng."""
        return bytes(n)


def grouped(symbols: str) -> str:
    return "-".join(symbols[place : place + 4] for place in range(0, 16, 4))


def well_formed(symbols: str) -> bool:
    return codes.is_well_formed(grouped(symbols))


@pytest.mark.parametrize("body", BODIES)
def test_check_symbol_catches_every_wrong_symbol(body: str) -> None:
    whole = body + codes.check_symbol(body)
    assert well_formed(whole)
    wrong = [
        whole[:place] + symbol + whole[place + 1 :]
        for place in range(16)
        for symbol in codes.ALPHABET
        if symbol != whole[place]
    ]
    assert len(wrong) == 16 * 31
    assert not any(map(well_formed, wrong))


@pytest.mark.parametrize("body", BODIES)
def test_check_symbol_catches_every_swap(body: str) -> None:
    whole = body + codes.check_symbol(body)
    for first, second in itertools.combinations(range(16), 2):
        symbols = list(whole)
        symbols[first], symbols[second] = symbols[second], symbols[first]
        assert well_formed("".join(symbols)) == (whole[first] == whole[second])


def test_check_symbol_is_fixed() -> None:
    # Codes are printed: what was right once must stay right.
    assert [codes.check_symbol(body) for body in BODIES] == list("0AKPY")


@pytest.mark.parametrize("body", ["", "0" * 14, "0" * 16, "0" * 14 + "U", "0" * 14 + "a"])
def test_check_symbol_needs_fifteen_symbols(body: str) -> None:
    with pytest.raises(ValueError, match="random symbols"):
        codes.check_symbol(body)


@pytest.mark.parametrize("prefix", ["", "SUMMER", "GOLD-24", "ASS", "OILU-0"])
def test_generated_codes_are_distinct_well_formed_and_clean(prefix: str) -> None:
    made = codes.generate(SeededRng(1), 20_000, prefix)
    assert len(set(made)) == 20_000
    assert all(map(codes.is_well_formed, made))
    start = f"{prefix}-" if prefix else ""
    assert all(code.startswith(start) and len(code) == len(start) + 19 for code in made)
    assert not any(offensive.is_offensive(code[len(start) :]) for code in made)
    assert {codes.code_key(code) for code in made} == set(made)


def test_every_symbol_is_equally_likely() -> None:
    made = codes.generate(SeededRng(2), 20_000)
    for place in [0, 7, 18]:
        # The words that are left out bend the shares by a few per cent at most.
        shares = [sum(code[place] == symbol for code in made) * 32 / 20_000 for symbol in codes.ALPHABET]
        assert 0.8 < min(shares) <= max(shares) < 1.2


def test_no_word_reaches_over_the_end_of_the_prefix() -> None:
    made = codes.generate(SeededRng(3), 50_000, "XSH1")
    assert not any(offensive.is_offensive(code) for code in made)
    assert any(code.startswith("XSH1-1") for code in made)
    assert not any(code.startswith("XSH1-T") for code in made)


def test_the_system_is_a_source_of_chance() -> None:
    (first,), (second,) = codes.generate(secrets, 1), codes.generate(secrets, 1)
    assert first != second


@pytest.mark.parametrize("count", [0, 1, 2, 17, 16_383, 16_385])
def test_as_many_as_asked_for(count: int) -> None:
    assert len(codes.generate(SeededRng(count), count)) == count


def test_a_negative_count_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="negative"):
        codes.generate(SeededRng(0), -1)


def test_a_stuck_source_of_chance_is_noticed() -> None:
    assert codes.generate(ConstantRng(), 1) == ["0000-0000-0000-0000"]
    with pytest.raises(codes.StuckRandomness):
        codes.generate(ConstantRng(), 2)


def test_a_stuck_source_of_chance_is_noticed_part_by_part() -> None:
    with pytest.raises(codes.StuckRandomness):
        list(codes.generate_in_order(ConstantRng(), 100, "", 10))


@pytest.mark.parametrize(("count", "size"), [(0, 10), (1, 10), (10, 10), (4000, 64)])
def test_codes_in_order_are_whole_sorted_parts(count: int, size: int) -> None:
    parts = list(codes.generate_in_order(SeededRng(3), count, "sun", size))
    made = [code for part in parts for code in part]
    assert len(set(made)) == len(made) == count
    assert all(codes.is_well_formed(code) and code.startswith("SUN-") for code in made)
    assert not any(offensive.is_offensive(code[4:]) for code in made)
    assert all(part == sorted(part) and len(part) <= size for part in parts)
    early = [code[4] for part in parts[: len(parts) // 2] for code in part]
    assert early == sorted(early)


def test_codes_in_order_have_every_symbol_equally_often() -> None:
    """The first symbol is drawn apart from the others: no symbol is off by five standard deviations."""
    made = [code for part in codes.generate_in_order(SeededRng(4), 32_000, "", 1000) for code in part]
    for place in (0, 1, 14):
        counts = [sum(code.replace("-", "")[place] == symbol for code in made) for symbol in codes.ALPHABET]
        assert all(abs(count - 1000) < 5 * 1000**0.5 for count in counts)


@given(st.lists(st.text("aB \t\n\x1cé-", max_size=5), max_size=5))
def test_many_keys_are_what_each_key_is(texts: list[str]) -> None:
    assert codes.code_keys(texts) == [codes.code_key(text) for text in texts]


@pytest.mark.parametrize("prefix", ["A", "summer", "A-B-C", "ABCDEFGHJKLM", "0", "a" * 12 + "-" + "b" * 12])
def test_prefixes_that_are_fine(prefix: str) -> None:
    assert codes.clean_prefix(prefix) == prefix.upper()


@pytest.mark.parametrize(
    "prefix",
    [
        "-",
        "A-",
        "-A",
        "A--B",
        "A B",
        " A",
        "A\n",
        "ABCDEFGHJKLMN",
        "ÜBER",
        "ışık",
        "ß",
        "A_B",
        "=A",
        "A\0",
        "A1-" * 15 + "A",
    ],
)
def test_prefixes_that_are_not(prefix: str) -> None:
    with pytest.raises(codes.InvalidPrefix, match="groups of 1 to 12 letters"):
        codes.generate(SeededRng(0), 1, prefix)


def test_the_longest_code_still_fits() -> None:
    prefix = "-".join(["A" * 12, "B" * 12, "C" * 12, "D" * 5])
    (code,) = codes.generate(SeededRng(0), 1, prefix)
    assert len(prefix) == codes.MAX_PREFIX
    assert len(code) == codes.MAX_LENGTH
    assert codes.is_well_formed(code)


@pytest.mark.parametrize("text", ["5H1T", "FVCK", "AN4L", "S-H-1-T", "0R05PV", "P1C0", "fuck", "S1K7"])
def test_words_are_found_through_look_alikes_and_dashes(text: str) -> None:
    assert offensive.is_offensive(f"77{text}77")


def test_words_are_not_found_everywhere() -> None:
    assert not offensive.is_offensive("SUMMER-2024-WXYZ")


def test_a_code_is_well_formed_only_as_written() -> None:
    (code,) = codes.generate(SeededRng(4), 1, "SUMMER")
    bad = [
        code.lower(),
        f" {code}",
        f"{code}\n",
        code.replace("-", ""),
        f"-{code[7:]}",
        code[:-1],
        f"{code}0",
        "",
        f"{'A' * 60}-{code}",
    ]
    assert codes.is_well_formed(code)
    assert codes.is_well_formed(code[7:])
    assert not any(map(codes.is_well_formed, bad))


def full_width(text: str) -> str:
    return "".join(chr(ord(symbol) + 0xFEE0) for symbol in text)


@pytest.mark.parametrize("prefix", ["", "SUMMER", "GOLD-24"])
def test_typed_codes_are_read_as_meant(prefix: str) -> None:
    for code in codes.generate(SeededRng(5), 200, prefix):
        lead = code[: -len("XXXX-XXXX-XXXX-XXXX")]
        body = code[len(lead) :]
        typed = [
            code,
            code.lower(),
            f"\u200b  {code}\t\r\n",
            full_width(code),
            code.replace("-", " – "),
            lead + body.replace("-", ""),
            lead + body.replace("-", "\u00ad"),
            lead + body.replace("0", "o").replace("1", "l"),
            lead + body.replace("0", "O").replace("1", "I"),
            lead + body.replace("1", "ı"),
            lead + body.replace("1", "İ"),
            lead + body.replace("1", "i\u0307"),
        ]
        assert {codes.normalise_typed(text) for text in typed} == {code}


def test_typed_codes_know_every_dash_of_unicode() -> None:
    (code,) = codes.generate(SeededRng(6), 1, "GOLD")
    dashes = [chr(point) for point in range(sys.maxunicode) if unicodedata.category(chr(point)) == "Pd"]
    assert len(dashes) > 20
    for dash in [*dashes, "\u2212", "\u00ad"]:
        assert codes.normalise_typed(code.replace("-", dash)) == code


def test_turkish_letters_in_a_typed_prefix() -> None:
    (code,) = codes.generate(SeededRng(7), 1, "INDIRIM")
    assert codes.normalise_typed(code.replace("I", "ı")) == code
    assert codes.normalise_typed(code.replace("I", "İ")) == code


@pytest.mark.parametrize(
    "twin",
    ["А", "В", "Е", "К", "М", "Н", "Р", "С", "Т", "Х", "Α", "Β", "Ζ", "ß", "U", "_", ".", "é", "\0", "😀"],
)
def test_typed_look_alikes_are_refused(twin: str) -> None:
    assert codes.normalise_typed(f"{twin}BCD-EFGH-JKMN-PQRS") is None


@pytest.mark.parametrize(
    "text",
    ["", "-", "0" * 15, "ABC", "0" * 300, "A" * 13 + "-" + "0" * 16, "A" * 90 + "-0000-0000-0000-0000"],
)
def test_typed_text_of_another_shape_is_refused(text: str) -> None:
    assert codes.normalise_typed(text) is None


def test_a_typing_error_is_for_the_check_symbol_to_find() -> None:
    assert codes.normalise_typed("0000-0000-0000-0001") == "0000-0000-0000-0001"
    assert not codes.is_well_formed("0000-0000-0000-0001")


@given(st.text())
def test_typed_text_comes_out_clean_or_not_at_all(text: str) -> None:
    read = codes.normalise_typed(text)
    assert read is None or codes.normalise_typed(read) == read


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("summer-24", " SUMMER-24\t"),
        ("ındirim", "INDIRIM"),
        ("indirim", "İNDİRİM"),
        ("i\u0307ndirim", "INDIRIM"),
        ("ＡＢ１２", "ab12"),
        ("AB  CD", "ab\u00a0cd"),
        ("straße", "STRASSE"),
    ],
)
def test_spellings_of_one_code_have_one_key(one: str, other: str) -> None:
    assert codes.code_key(one) == codes.code_key(other)


@pytest.mark.parametrize(("one", "other"), [("AB-CD", "ABCD"), ("AB CD", "ABCD"), ("O0", "00"), ("А1", "A1")])
def test_different_codes_have_different_keys(one: str, other: str) -> None:
    assert codes.code_key(one) != codes.code_key(other)


@given(st.text(st.characters() | st.sampled_from("iıİI\u0307ßŉΐ \u00a0")))
def test_the_key_of_a_key_is_itself(text: str) -> None:
    key = codes.code_key(text)
    assert codes.code_key(key) == key
    assert codes.code_key(f" {text} ") == key


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("A", "•"),
        ("ABCD", "•••D"),
        ("SAVE20", "•••••0"),
        ("12345678901234567890", "••••••••••••••••7890"),
        ("XMAS-AAAABBBB", "••••-••••••BB"),
        ("GIFT CARD AB12", "•••••••••••••2"),
        ("ABC-", "•••-"),
    ],
)
def test_masked_uploaded_codes(text: str, masked: str) -> None:
    assert codes.mask(text) == masked


def test_masked_generated_codes_keep_prefix_and_last_group() -> None:
    for prefix, start in [("", ""), ("SUMMER", "SUMMER-"), ("GOLD-24", "GOLD-24-"), ("SAVE", "••••-")]:
        (code,) = codes.generate(SeededRng(8), 1, prefix)
        assert codes.mask(code) == f"{start}••••-••••-••••-{code[-4:]}"


@given(st.text())
def test_a_mask_keeps_the_length_and_shows_four_at_most(text: str) -> None:
    masked = codes.mask(text)
    assert len(masked) == len(text)
    hidden_or_dash = masked.rstrip("".join(set(text) - {"•", "-"})) if text else ""
    assert set(hidden_or_dash) <= {"•", "-"}
    assert len(masked) - len(hidden_or_dash) <= 4


def test_guess_risk_has_the_published_figures() -> None:
    def risk(symbols: int) -> Fraction:
        return codes.guess_risk(1_000_000, 1_700_000, 30 * 24, symbols)

    assert round(risk(8), -1) == 1110
    assert round(float(risk(12)), 3) == 0.001
    assert f"{float(risk(15)):.0e}" == "3e-08"


def test_guess_risk_has_a_limit() -> None:
    assert codes.is_guess_proof(1_000_000, 1_700_000, 720)
    assert not codes.is_guess_proof(1_000_000, 1_700_000, 720, symbols=12)
    assert codes.is_guess_proof(1, 1, 1, symbols=4) is (Fraction(1, 32**4) <= codes.GUESS_RISK_LIMIT)
    with pytest.raises(ValueError, match="negative"):
        codes.guess_risk(-1, 1, 1)


@pytest.mark.parametrize("length", codes.LENGTHS)
def test_codes_of_every_length_are_distinct_and_well_formed(length: int) -> None:
    made = [*codes.generate(SeededRng(1), 300, "SUMMER26G", length)]
    made += [code for part in codes.generate_in_order(SeededRng(2), 300, "", 64, length) for code in part]
    assert len(set(made)) == 600
    for code in made:
        body = code.removeprefix("SUMMER26G-")
        assert (len(body), body.count("-")) == (length + length // 4 - 1, length // 4 - 1)
        assert codes.is_well_formed(code, length)
        hidden = codes.mask(code)
        assert hidden.endswith(body[-4:])
        assert body[:-5].replace("-", "") not in hidden.replace("-", "")
        assert codes.keys_meant(code.lower().replace("-", " ")).count(code) == 1


@pytest.mark.parametrize("length", codes.LENGTHS)
def test_every_wrong_symbol_and_every_swap_is_caught_at_every_length(length: int) -> None:
    code = codes.generate(SeededRng(3), 1, "", length)[0]
    places = [place for place, symbol in enumerate(code) if symbol != "-"]
    for place in places:
        for symbol in codes.ALPHABET.replace(code[place], ""):
            assert not codes.is_well_formed(code[:place] + symbol + code[place + 1 :], length)
    for one in places:
        for other in places:
            if code[one] != code[other]:
                swapped = list(code)
                swapped[one], swapped[other] = code[other], code[one]
                assert not codes.is_well_formed("".join(swapped), length)


def test_a_prefix_leaves_room_for_the_code() -> None:
    assert len(codes.clean_prefix("ABCDEFGHIJKL-ABCDEFGHIJKL-ABCDEFGHIJKL-ABCD", 16)) == 43
    with pytest.raises(codes.InvalidPrefix, match="39 characters"):
        codes.clean_prefix("ABCDEFGHIJKL-ABCDEFGHIJKL-ABCDEFGHIJKL-ABCD", 20)


def test_what_somebody_typed_can_mean_several_codes() -> None:
    assert codes.keys_meant("") == ()
    assert codes.keys_meant("x" * 201) == ()
    assert codes.keys_meant("x" * 65) == ()
    assert codes.keys_meant(" my code ") == ("MY CODE",)
    short = codes.generate(SeededRng(4), 1, "MEGA", 12)[0]
    assert short in codes.keys_meant(short.replace("-", "").lower())
    spelt = codes.generate(SeededRng(5), 1, "SUMMER")[0]
    assert codes.keys_meant(spelt.replace("0", "o").replace("1", "l"))[-1] == spelt
