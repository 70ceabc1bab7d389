"""Webhooks: which addresses may be called, signatures that the standard's library accepts, the schedule."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.domain.errors import InvalidInput
from app.domain.events import CHOOSABLE, Event, EventType, events_of, message_id, words_of
from app.domain.webhooks import (
    MAX_TRIES,
    Origin,
    is_public,
    new_secret,
    next_try,
    parse_origin,
    parse_target,
    signed,
)
from tests.support.fakes import NOON, FakeRng

ALLOWED = (Origin("http", "127.0.0.1", 9000), Origin("https", "hooks.intranet", 8443))


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.10",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "example.org",
        "",
    ],
)
def test_addresses_that_are_not_called(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://shop.example.org", "https://shop.example.org", "/"),
        ("https://shop.example.org:443/a/b?c=d#e", "https://shop.example.org", "/a/b?c=d"),
        ("https://SHOP.example.org/x", "https://shop.example.org", "/x"),
        ("https://8.8.8.8/x", "https://8.8.8.8", "/x"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]", "/x"),
    ],
)
def test_what_can_be_called(url: str, origin: str, path: str) -> None:
    target = parse_target(url)
    assert (str(target.origin), target.path, target.is_allowed) == (origin, path, False)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.org/",
        "https://shop.example.org:8443/",
        "https://user:word@shop.example.org/",
        "https://shop.example.org\\@127.0.0.1/",
        "https://shop.example.org/a b",
        "https://shop.example.org/\r\nHost: x",
        "https://shop.example.org/ü",
        "https:///x",
        "https://shop.example.org:0/",
        "https://shop.example.org:99999/",
        "https://[::1/",
        "ftp://shop.example.org/",
        "shop.example.org",
        "",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://0177.0.0.1./",
        "http://127.0.0.1:9001/",
        "https://127.0.0.1:9000/",
        "https://shop.example.org/" + "x" * 500,
    ],
)
def test_what_cannot_be_called(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_target(url, ALLOWED)
    assert caught.value.field == "url"


def test_an_allowed_origin_may_be_anywhere() -> None:
    assert parse_target("http://127.0.0.1:9000/x", ALLOWED).is_allowed
    assert parse_target("https://hooks.intranet:8443/x", ALLOWED).is_allowed


@pytest.mark.parametrize(
    "text", ["127.0.0.1:9000", "http://127.0.0.1/x", "http://a@b", "ftp://a", "http://a:0"]
)
def test_an_origin_is_scheme_host_and_port(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_origin(text)


def test_an_origin_reads_as_it_is_written() -> None:
    assert str(parse_origin("http://[::1]:9000")) == "http://[::1]:9000"
    assert str(parse_origin("https://BÜCHER.example")) == "https://xn--bcher-kva.example"
    assert str(parse_origin("http://intranet/")) == "http://intranet"


def test_the_library_of_the_standard_accepts_the_signature_and_each_secret_signs() -> None:
    now, body = datetime.now(UTC), '{"type":"entry.created","ü":1}'.encode()
    secrets = [new_secret(FakeRng(1)), new_secret(FakeRng(2))]
    headers = signed(secrets, "evt_1", now, body)
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == {"type": "entry.created", "ü": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret(FakeRng(3))).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(body, headers | {"webhook-id": "evt_2"})


def test_there_are_ten_tries_over_three_days_and_a_bit() -> None:
    at, moments = NOON, [NOON]
    for tries in range(1, MAX_TRIES):
        again = next_try(tries, at, FakeRng(tries))
        assert again is not None
        moments.append(at := again)
    assert len(moments) == 10
    assert next_try(MAX_TRIES, at, FakeRng()) is None
    assert timedelta(hours=75) <= moments[-1] - NOON <= timedelta(hours=84)
    assert moments[1] - NOON < timedelta(seconds=6)


def test_waits_are_spread() -> None:
    assert len({next_try(5, NOON, FakeRng(seed)) for seed in range(20)}) > 10


def test_an_event_has_one_id_wherever_it_is_noticed() -> None:
    subject, campaign = UUID(int=7), UUID(int=8)
    event = Event(EventType.AWARD_WON, campaign, subject, NOON)
    assert event.id == Event(EventType.AWARD_WON, None, subject, NOON).id
    others = [
        Event(EventType.AWARD_VOID, campaign, subject, NOON),
        Event(EventType.AWARD_WON, campaign, UUID(int=9), NOON),
        Event(EventType.AWARD_WON, campaign, subject, NOON, 1),
        Event(EventType.AWARD_WON, campaign, subject, NOON + timedelta(seconds=1)),
    ]
    assert len({event.id, *(other.id for other in others)}) == 5
    assert event.id.version == 8
    assert event.id < others[-1].id
    assert message_id(event.id) == f"evt_{event.id.hex}"


def test_chosen_events_go_into_a_column_and_come_back() -> None:
    everything = frozenset(CHOOSABLE)
    assert events_of(words_of(everything)) == everything
    assert words_of(frozenset({EventType.AWARD_WON})) == " award.won "
    assert words_of(frozenset()) == ""
    assert EventType.TEST not in everything
    assert len(words_of(everything)) <= 400
