"""API keys: made and shown once, kept as a hash, found, ended."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput, NotFound
from app.domain.scopes import Scope, read_scopes
from app.models import ApiKey, AuditRecord
from app.services import api_keys
from app.services.api_keys import KeyPlan
from app.services.audit import COMMAND_LINE
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng

ALL = frozenset(Scope)


def make(session: Session, plan: KeyPlan | None = None, seed: int = 1) -> tuple[ApiKey, str]:
    plan = plan or KeyPlan("Shop", frozenset({Scope.REDEEM, Scope.VALIDATE}))
    return api_keys.create(session, plan, actor=COMMAND_LINE, now=NOON, rng=FakeRng(seed))


def test_a_key_is_shown_once_and_kept_as_a_hash(session: Session) -> None:
    key, text = make(session)
    assert text.startswith(f"{key.prefix}_")
    assert len(text) == len("pzk_12345678_") + 40
    assert text.encode() not in key.secret_hash
    assert key.scopes == "codes:validate redemptions:write"
    found = api_keys.authenticate(session, text, now=NOON)
    assert found is not None
    assert api_keys.scopes_of(found) == {Scope.REDEEM, Scope.VALIDATE}
    assert api_keys.listing(session) == [key]
    record = session.scalars(select(AuditRecord).where(AuditRecord.action == "key.create")).one()
    assert text[13:] not in str(record.after)


def test_what_is_not_the_key_opens_nothing(session: Session) -> None:
    _key, text = make(session)
    other = text[:-1] + ("a" if text[-1] != "a" else "b")
    for wrong in ("", "pzk_", other, text.upper(), f"{text}=", text.replace("pzk_", "pzk_zzzzzzzz_", 1)):
        assert api_keys.authenticate(session, wrong, now=NOON) is None
    unknown = f"pzk_zzzzzzzz_{text[13:]}"
    assert api_keys.authenticate(session, unknown, now=NOON) is None


def test_a_key_ends_at_its_moment_or_when_it_is_revoked(session: Session) -> None:
    ends = NOON + timedelta(days=1)
    _key, text = make(session, KeyPlan("Till", ALL, expires_at=ends))
    assert api_keys.authenticate(session, text, now=ends - timedelta(seconds=1))
    assert api_keys.authenticate(session, text, now=ends) is None
    second, again = make(session, seed=2)
    for _ in range(2):
        api_keys.revoke(session, second.id, actor=COMMAND_LINE, now=NOON, reason="lost")
    assert api_keys.authenticate(session, again, now=NOON) is None
    records = session.scalars(select(AuditRecord).where(AuditRecord.action == "key.revoke")).all()
    assert [record.reason for record in records] == ["lost"]


def test_its_use_is_noted_once_a_minute(session: Session) -> None:
    key, _text = make(session)
    for seconds, noted in ((0, 0), (59, 0), (60, 60)):
        now = NOON + timedelta(seconds=seconds)
        assert api_keys.is_use_due(key, now) is (seconds == noted)
        api_keys.note_use(session, key.id, now=now)
        session.refresh(key)
        assert key.last_used_at == NOON + timedelta(seconds=noted)


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        (KeyPlan("", ALL), "name"),
        (KeyPlan("Shop", frozenset()), "scopes"),
        (KeyPlan("Shop", ALL, expires_at=NOON), "expires_at"),
        (KeyPlan("Shop", ALL, expires_at=NOON + timedelta(days=4000)), "expires_at"),
    ],
)
def test_a_plan_that_will_not_do_makes_no_key(session: Session, plan: KeyPlan, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(session, plan)
    assert caught.value.field == field
    assert api_keys.listing(session) == []


def test_a_key_may_be_limited_to_a_campaign_that_there_is(session: Session) -> None:
    campaign = make_campaign(session)
    key, _text = make(session, KeyPlan("Shop", ALL, campaign.id))
    assert api_keys.till_of(key).campaign_id == campaign.id
    for wrong in (
        lambda: make(session, KeyPlan("Shop", ALL, UUID(int=1))),
        lambda: api_keys.get(session, UUID(int=1)),
    ):
        with pytest.raises(NotFound):
            wrong()


def test_scopes_that_are_none_grant_nothing() -> None:
    assert read_scopes("codes:validate codes:steal") == {Scope.VALIDATE}
