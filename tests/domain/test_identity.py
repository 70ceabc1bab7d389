"""Identity: which addresses are one person, which are none, and which networks are one."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import (
    InvalidAddress,
    canonical_email,
    is_loopback,
    mask_email,
    network_prefix,
    wire_address,
)


@pytest.mark.parametrize(
    "address",
    [
        "ayse@example.org",
        "çağla@örnek.example",
        "first.last@example.org",
        "user+tag@example.org",
        "a-b@example.org",
        "o'neil@example.org",
        "x@a-b.example",
        "ışık@example.org",
        "उपयोगकर्ता@उदाहरण.example",
        "+only@gmail.com",
        "-only@yahoo.com",
        "1@2.example",
        f"{'a' * 64}@example.org",
    ],
)
def test_addresses_that_are_canonical_already(address: str) -> None:
    assert canonical_email(address) == address


@pytest.mark.parametrize(
    ("address", "canonical"),
    [
        ("AYSE@Example.ORG", "ayse@example.org"),
        ("İBRAHİM@EXAMPLE.ORG", "ibrahim@example.org"),
        ("i\u0307brahim@example.org", "ibrahim@example.org"),
        ("ali@GMAİL.com", "ali@gmail.com"),
        ("ａｙｓｅ@example.org", "ayse@example.org"),
        ("c\u0327ag\u0306la@o\u0308rnek.example", "çağla@örnek.example"),
        ("çağla@xn--rnek-4qa.example", "çağla@örnek.example"),
        ("çağla@XN--RNEK-4QA.example", "çağla@örnek.example"),
        ("a@example。org", "a@example.org"),
        ("First.Last+tag+more@Gmail.com", "firstlast@gmail.com"),
        ("f.i.r.s.t.last@googlemail.com", "firstlast@gmail.com"),
        ("first.last＋tag@gmail.com", "firstlast@gmail.com"),
        ("a.b+c@outlook.com", "a.b@outlook.com"),
        ("a+c@hotmail.co.uk", "a@hotmail.co.uk"),
        ("a+c@hotmail.com.tr", "a@hotmail.com.tr"),
        ("a+c@live.nl", "a@live.nl"),
        ("a+c@msn.com", "a@msn.com"),
        ("a.+c@outlook.com", "a@outlook.com"),
        ("a.b+c@me.com", "a.b@icloud.com"),
        ("a@mac.com", "a@icloud.com"),
        ("a+x@fastmail.fm", "a@fastmail.fm"),
        ("shop@a.fastmail.com", "a@fastmail.com"),
        ("a+x@pm.me", "a@proton.me"),
        ("a@protonmail.com", "a@proton.me"),
        ("a+x@ya.ru", "a@yandex.ru"),
        ("a@yandex.com.tr", "a@yandex.ru"),
        ("a-shop@yahoo.com", "a@yahoo.com"),
        ("a-shop@yahoo.co.uk", "a@yahoo.co.uk"),
        ("a-shop@ymail.com", "a@ymail.com"),
        ("a-shop@yahoo.co.jp", "a-shop@yahoo.co.jp"),
        ("a+shop@yahoo.com", "a+shop@yahoo.com"),
        ("a-b@gmail.com", "a-b@gmail.com"),
    ],
)
def test_one_mailbox_one_spelling(address: str, canonical: str) -> None:
    assert canonical_email(address) == canonical
    assert canonical_email(canonical) == canonical


@pytest.mark.parametrize(
    ("one", "other"), [("a@hotmail.com", "a@outlook.com"), ("a.b@outlook.com", "ab@outlook.com")]
)
def test_different_mailboxes_stay_different(one: str, other: str) -> None:
    assert canonical_email(one) != canonical_email(other)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "a",
        "a@",
        "@example.org",
        "a@@example.org",
        "a@b@example.org",
        "a＠example.org",
        "a@b＠example.org",
        "a b@example.org",
        " a@example.org",
        "a@example.org ",
        "a@example.org\n",
        "a\r\nBcc: b@example.org",
        "a\0@example.org",
        "a\t@example.org",
        "a\u00a0b@example.org",
        "a\u200b@example.org",
        "a\u00a8@example.org",
        "a\ud800@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        '"a b"@example.org',
        "a(b)@example.org",
        "a,b@example.org",
        "<a@example.org>",
        "a@localhost",
        "a@example",
        "a@.example.org",
        "a@example..org",
        "a@example.org.",
        "a@-example.org",
        "a@example-.org",
        "a@exa_mple.org",
        "a@exa!mple.org",
        "a@192.0.2.1",
        "a@[192.0.2.1]",
        "a@\u0301b.example",
        "a@😀.example",
        "a@xn--.example",
        "a@xn--abc-.example",
        "a@xn--a.example",
        "a@xn--örnek.example",
        "a@xn--99999999999.example",
        "a@xn--rnek-zja.example",
        f"{'a' * 65}@example.org",
        f"{'ç' * 33}@example.org",
        f"a@{'b' * 64}.example",
        f"a@{'ö' * 60}.example",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}",
        f"a@{'ö.' * 100}example",
        "a" * 1000 + "@example.org",
        "ﷺ" * 20 + "@example.org",
        f"{'a' * 60}@{('㎒' * 20 + '.') * 3}{'㎒' * 19}.example",
    ],
)
def test_text_that_is_no_address(address: str) -> None:
    with pytest.raises(InvalidAddress):
        canonical_email(address)


@given(st.text(), st.text())
def test_no_text_breaks_it(local: str, domain: str) -> None:
    try:
        canonical = canonical_email(f"{local}@{domain}")
    except InvalidAddress:
        return
    assert canonical_email(canonical) == canonical


LOCAL = st.text(
    st.sampled_from("abziıİI.+-_ß\u0307\u0308çΣΐﬁＡ") | st.characters(categories=["L", "N"]),
    min_size=1,
    max_size=12,
)
LABEL = st.text(
    st.sampled_from("abz-iİöΣ\u0307") | st.characters(categories=["L", "M"]), min_size=1, max_size=8
)
PROVIDER = st.sampled_from(
    ["gmail.com", "GOOGLEMAIL.com", "yahoo.com", "x.fastmail.com", "pm.me", "outlook.com", "ya.ru"]
)
PUNYCODE = st.text(st.sampled_from("abcxyz0189-"), min_size=1, max_size=12).map(
    lambda label: f"xn--{label}.example"
)


@given(LOCAL, st.one_of(PROVIDER, PUNYCODE, LABEL.map(lambda label: f"{label}.example")))
def test_the_result_of_a_result_is_itself(local: str, domain: str) -> None:
    try:
        canonical = canonical_email(f"{local}@{domain}")
    except InvalidAddress:
        return
    assert canonical_email(canonical) == canonical
    assert canonical_email(canonical.upper() if canonical.isascii() else canonical) == canonical
    assert unicodedata.is_normalized("NFKC", canonical)
    assert canonical.count("@") == 1
    assert canonical.isprintable()


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ayse@example.org", "a…@example.org"),
        ("a@example.org", "a…@example.org"),
        ("@example.org", "…@example.org"),
        ("a@b@example.org", "a…@example.org"),
        ("nothing", "…"),
        ("", "…"),
    ],
)
def test_masked_addresses(address: str, masked: str) -> None:
    assert mask_email(address) == masked


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("2001:DB8:1:FFFF::", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::1", "::/48"),
    ],
)
def test_networks(ip: str, network: str) -> None:
    assert network_prefix(ip) == network


@pytest.mark.parametrize(
    "ip", ["", "203.0.113", "203.0.113.0/24", "example.org", "203.0.113.77, 10.0.0.1", "1" * 100]
)
def test_text_that_is_no_network(ip: str) -> None:
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        network_prefix(ip)


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("Ada.L+x@Example.ORG", "Ada.L+x@example.org"),
        ("zoë@bücher.example", "zoë@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
    ],
)
def test_mail_goes_to_the_address_as_typed(address: str, wire: str) -> None:
    assert wire_address(address) == wire


def test_this_very_machine() -> None:
    for host in ("localhost", "shop.localhost", "127.0.0.1", "::1"):
        assert is_loopback(host)
    for host in ("example.org", "192.0.2.1", "localhost.example.org", ""):
        assert not is_loopback(host)
