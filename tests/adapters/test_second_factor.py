"""Second factors: the published test values, sealed secrets, the picture."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.adapters.qr import qr_svg
from app.adapters.second_factor import SecretVault, matching_step, new_secret, provisioning_uri
from app.domain.errors import SecretUnreadable
from tests.support.fakes import FakeRng

# RFC 6238, appendix B: the secret "12345678901234567890", the last six of its eight digits.
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ADA, BOB = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_published_values(seconds: int, code: str) -> None:
    assert matching_step(RFC_SECRET, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


def test_a_step_before_and_after_will_do_and_no_other() -> None:
    moment = datetime.fromtimestamp(1234567890, UTC)
    found = [
        matching_step(RFC_SECRET, "005924", moment + timedelta(seconds=30 * away)) for away in range(-2, 3)
    ]
    assert found == [None, 41152263, 41152263, 41152263, None]
    assert matching_step(RFC_SECRET, "", moment) is None
    assert matching_step(RFC_SECRET, "٠٠٥٩٢٤", moment) is None


def test_a_sealed_secret_opens_for_its_account_under_its_key_only() -> None:
    vault, secret = SecretVault(b"k" * 32), new_secret(FakeRng(1))
    assert len(secret) == 32
    sealed = vault.seal(ADA, secret, FakeRng(2))
    assert secret.encode() not in sealed
    assert vault.open(ADA, sealed) == secret
    for other, account in ((vault, BOB), (SecretVault(b"x" * 32), ADA)):
        with pytest.raises(SecretUnreadable):
            other.open(account, sealed)
    with pytest.raises(SecretUnreadable):
        vault.open(ADA, b"short")


def test_what_apps_read() -> None:
    uri = provisioning_uri(RFC_SECRET, "ada@example.org")
    assert uri == f"otpauth://totp/Prizewell:ada%40example.org?secret={RFC_SECRET}&issuer=Prizewell"
    picture = qr_svg(uri)
    assert picture.startswith("<svg viewBox=")
    assert "style" not in picture
