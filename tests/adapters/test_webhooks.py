"""Calls to real servers on this machine: what arrives, what is refused, and what a bad endpoint can do."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.adapters.webhooks import MOST_ASKED, HttpCaller, NullCaller
from app.domain.errors import InvalidInput
from app.domain.webhooks import Answered, NoAnswer, Trouble, parse_origin
from tests.support.receiver import receiving

HEADERS = {"webhook-id": "evt_1"}
SECONDS = 30.0


def caller(*origins: str, timeout: float = SECONDS, context: ssl.SSLContext | None = None) -> HttpCaller:
    allowed = [parse_origin(each) for each in origins]
    return HttpCaller(allowed, timeout=timeout, context=context)


def trouble(tried: object) -> Trouble:
    assert isinstance(tried, NoAnswer)
    assert not tried.is_taken
    assert not tried.is_gone
    return tried.trouble


def test_what_is_sent_and_what_comes_back() -> None:
    with receiving() as receiver:
        receiver.answer = lambda _call: (200, "Danke \x00\r\nschön".encode(), {})
        tried = caller(receiver.origin).call(f"{receiver.url}?a=b", HEADERS, b'{"a":1}')
    assert isinstance(tried, Answered)
    assert (tried.status, tried.is_taken, tried.head) == (200, True, "Danke    schön")
    (call,) = receiver.calls
    assert (call.path, call.body) == ("/hooks?a=b", b'{"a":1}')
    assert call.headers["host"] == receiver.origin.removeprefix("http://")
    assert call.headers["webhook-id"] == "evt_1"
    assert call.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [301, 307, 400, 410, 500])
def test_other_answers_are_told_and_redirects_not_followed(status: int) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _call: (status, b"", {"Location": "/elsewhere"})
        tried = caller(receiver.origin).call(receiver.url, HEADERS, b"{}")
    assert isinstance(tried, Answered)
    assert (tried.status, tried.is_taken, tried.is_gone) == (status, False, status == 410)
    assert len(receiver.calls) == 1


def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    with receiving() as receiver:
        receiver.answer = lambda _call: (200, b"x" * 5_000_000, {})
        tried = caller(receiver.origin).call(receiver.url, HEADERS, b"{}")
    assert isinstance(tried, Answered)
    assert tried.head == "x" * 300


def test_an_address_that_is_not_allowed_is_never_connected_to() -> None:
    with receiving() as receiver:
        strict = HttpCaller(timeout=SECONDS)
        assert trouble(strict.call(receiver.url, HEADERS, b"{}")) is Trouble.ADDRESS
        assert trouble(strict.call("https://127.0.0.1/", HEADERS, b"{}")) is Trouble.ADDRESS
    assert not receiver.calls


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The name service answers so, one after the other; returns the names it was asked for."""
    asked: list[str] = []
    left = list(answers)

    def getaddrinfo(host: str, port: int, *_given: Any, **_named: Any) -> list[Any]:
        try:
            ip_address(host)
            found = [host]
        except ValueError:
            asked.append(host)
            found = left.pop(0)
        families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in found]
        return [
            (family, socket.SOCK_STREAM, 6, "", (each, port))
            for family, each in zip(families, found, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::a9fe:a9fe"],
        ["2002:7f00:1::"],
        [],
    ],
)
def test_every_address_of_a_name_must_be_public(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    asked = resolving(monkeypatch, addresses, addresses)
    wanted = Trouble.ADDRESS if addresses else Trouble.UNKNOWN_HOST
    assert trouble(HttpCaller().call("https://shop.example.org/", HEADERS, b"{}")) is wanted
    with pytest.raises(InvalidInput) as caught:
        HttpCaller().check("https://shop.example.org/")
    assert caught.value.field == "url"
    assert asked == ["shop.example.org"] * 2


def test_a_name_that_changes_its_mind_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address that was checked: a second answer would lead inside."""
    asked = resolving(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    went: list[Any] = []

    def connect(address: Any, timeout: float) -> socket.socket:
        went.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert trouble(HttpCaller().call("https://shop.example.org/", HEADERS, b"{}")) is Trouble.CONNECT
    assert asked == ["shop.example.org"]
    assert went == [("8.8.8.8", 443)]


def test_the_next_address_is_tried_when_one_is_dead() -> None:
    with receiving() as receiver, pytest.MonkeyPatch.context() as patch:
        resolving(patch, ["127.0.0.9", "127.0.0.1"])
        origin = f"http://shop.example.org:{receiver.port}"
        tried = caller(origin).call(f"{origin}/x", HEADERS, b"{}")
    assert isinstance(tried, Answered)


def test_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_given: Any, **_named: Any) -> list[Any]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert trouble(HttpCaller().call("https://nowhere.invalid/", HEADERS, b"{}")) is Trouble.UNKNOWN_HOST
    with pytest.raises(InvalidInput, match="no such host"):
        HttpCaller().check("https://nowhere.invalid/")


@contextmanager
def name_servers_that_do_not_answer() -> Iterator[list[Any]]:
    """Until the block ends; then whoever was left behind is let go, and waited for."""
    over, asked = threading.Event(), []

    def getaddrinfo(host: str, *_given: Any, **_named: Any) -> list[Any]:
        asked.append(host)
        over.wait(SECONDS)
        raise socket.gaierror

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", getaddrinfo)
        try:
            yield asked
        finally:
            over.set()
            for thread in threading.enumerate():
                if thread.name == "resolver":
                    thread.join(SECONDS)


def test_a_name_that_no_server_answers_for_is_given_up_in_time() -> None:
    with name_servers_that_do_not_answer() as asked:
        tried = caller(timeout=0.2).call("https://shop.example.org/", HEADERS, b"{}")
        assert trouble(tried) is Trouble.TIMEOUT
        with pytest.raises(InvalidInput, match="no such host"):
            caller(timeout=0.2).check("https://shop.example.org/")
    assert asked == ["shop.example.org"] * 2


def test_few_names_are_left_behind_at_a_time() -> None:
    with name_servers_that_do_not_answer() as asked:
        while len(asked) < MOST_ASKED:
            caller(timeout=0.05).call("https://shop.example.org/", HEADERS, b"{}")
        threads = threading.active_count()
        tried = caller(timeout=0.1).call("https://shop.example.org/", HEADERS, b"{}")
        assert trouble(tried) is Trouble.TIMEOUT
        assert (threading.active_count(), len(asked)) == (threads, MOST_ASKED)
    with receiving() as receiver:  # who was left behind has made room
        assert isinstance(caller(receiver.origin).call(receiver.url, HEADERS, b"{}"), Answered)


def test_a_check_passes_what_can_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, ["8.8.8.8", "2606:4700::1111"])
    HttpCaller().check("https://shop.example.org/hooks")
    NullCaller().check("https://shop.example.org/hooks")
    with pytest.raises(InvalidInput):
        NullCaller().check("http://shop.example.org/hooks")
    assert trouble(NullCaller().call("https://shop.example.org", {}, b"")) is Trouble.CONNECT


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    assert trouble(caller(origin).call(origin, HEADERS, b"{}")) is Trouble.CONNECT


@contextmanager
def raw(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does with its first client whatever it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            client, _ = listening.accept()
            with client:
                serve(client)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(SECONDS)


def test_one_that_never_answers_is_given_up() -> None:
    done = threading.Event()

    def wait(_client: socket.socket) -> None:
        done.wait(SECONDS)

    with raw(wait) as origin:
        assert trouble(caller(origin, timeout=0.2).call(origin, HEADERS, b"{}")) is Trouble.TIMEOUT
        done.set()


def test_one_that_drips_is_given_up_although_each_drop_comes_in_time() -> None:
    def drip(client: socket.socket) -> None:
        try:
            while True:
                client.sendall(b"X")
                time.sleep(0.02)
        except OSError:
            pass

    with raw(drip) as origin:
        tried = caller(origin, timeout=0.5).call(origin, HEADERS, b"{}")
    assert trouble(tried) is Trouble.TIMEOUT


def test_an_answer_that_breaks_off_after_its_status_counts() -> None:
    def break_off(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")

    with raw(break_off) as origin:
        tried = caller(origin).call(origin, HEADERS, b"{}")
    assert isinstance(tried, Answered)
    assert (tried.status, tried.head) == (200, "")


def test_what_is_no_http() -> None:
    def babble(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(b"SSH-2.0-Hello\r\n\r\n")

    with raw(babble) as origin:
        assert trouble(caller(origin).call(origin, HEADERS, b"{}")) is Trouble.PROTOCOL


def test_no_time_is_left() -> None:
    with receiving() as receiver:
        tried = caller(receiver.origin, timeout=0.0).call(receiver.url, HEADERS, b"{}")
    assert trouble(tried) is Trouble.TIMEOUT


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS, and in the folder the authority that says who it is."""
    key, subject = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def test_tls_names_the_host_and_trusts_only_who_can_prove_to_be_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = certificate(tmp_path, "shop.example.org")
    named: list[str] = []
    server.sni_callback = lambda _socket, name, _context: named.append(name)
    resolving(monkeypatch, *[["127.0.0.1"]] * 3)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with receiving(lambda plain: server.wrap_socket(plain, server_side=True)) as receiver:
        mine, other = (f"https://{host}.example.org:{receiver.port}" for host in ("shop", "other"))
        tried = caller(mine, context=trusting).call(mine, HEADERS, b"{}")
        assert isinstance(tried, Answered)
        assert trouble(caller(other, context=trusting).call(other, HEADERS, b"{}")) is Trouble.TLS
        assert trouble(caller(mine).call(mine, HEADERS, b"{}")) is Trouble.TLS
    assert named == ["shop.example.org", "other.example.org", "shop.example.org"]
    assert len(receiver.calls) == 1
    assert receiver.calls[0].headers["host"] == f"shop.example.org:{receiver.port}"
