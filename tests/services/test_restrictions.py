"""Accounts that are limited to some campaigns."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput, NotFound
from app.domain.roles import Role
from app.services import accounts, audit, campaigns, restrictions
from app.services.audit import COMMAND_LINE, Actor
from app.services.campaigns import CampaignPlan
from tests.support.factories import VAULT, TierSpec, make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import make_account


def test_a_limited_account_has_its_campaigns_and_admins_have_all(session: Session) -> None:
    summer = make_campaign(session, [TierSpec("Gold")])
    winter = make_campaign(session, [TierSpec("Pine")], slug="winter", seed=9)
    admin, ada = make_account(session, Role.ADMIN), make_account(session, Role.EDITOR)
    assert not restrictions.applies_to(ada)
    ada = restrictions.change(session, ada.id, {summer.id}, actor=COMMAND_LINE, now=NOON, reason="new here")
    assert restrictions.applies_to(ada)
    assert restrictions.includes(session, ada.id, "summer")
    assert not restrictions.includes(session, ada.id, "winter")
    assert not restrictions.includes(session, ada.id, "nothing")
    assert restrictions.campaign_ids(session, ada.id) == {summer.id}
    assert restrictions.counts(session) == {ada.id: 1}
    record = audit.latest(session)[0]
    assert (record.action, record.before, record.after, record.reason) == (
        "account.campaigns",
        {"campaigns": None},
        {"campaigns": ["summer"]},
        "new here",
    )
    restrictions.change(session, ada.id, [winter.id, summer.id], actor=COMMAND_LINE, now=NOON)
    assert restrictions.includes(session, ada.id, "winter")
    limited = restrictions.change(session, admin.id, [], actor=COMMAND_LINE, now=NOON)
    assert not restrictions.applies_to(limited)
    count = len(audit.latest(session))
    restrictions.change(session, ada.id, [summer.id, winter.id], actor=COMMAND_LINE, now=NOON)
    assert len(audit.latest(session)) == count
    freed = restrictions.change(session, ada.id, None, actor=COMMAND_LINE, now=NOON)
    assert not restrictions.applies_to(freed)
    assert restrictions.counts(session) == {}


def test_unknown_campaigns_and_accounts_are_refused(session: Session) -> None:
    ada = make_account(session, Role.EDITOR)
    with pytest.raises(InvalidInput):
        restrictions.change(session, ada.id, [UUID(int=1)], actor=COMMAND_LINE, now=NOON)
    with pytest.raises(NotFound):
        restrictions.change(session, UUID(int=1), None, actor=COMMAND_LINE, now=NOON)


def test_whoever_makes_a_campaign_may_work_on_it(session: Session) -> None:
    ada, bob = make_account(session, Role.EDITOR), make_account(session, Role.VIEWER)
    restrictions.change(session, ada.id, [], actor=COMMAND_LINE, now=NOON)
    for seed, maker in ((1, ada), (2, bob)):
        campaigns.create(
            session,
            CampaignPlan(f"own-{seed}", "Own"),
            actor=Actor(maker.email, maker.id),
            now=NOON,
            rng=FakeRng(seed),
            vault=VAULT,
        )
    assert restrictions.includes(session, ada.id, "own-1")
    assert not restrictions.includes(session, ada.id, "own-2")
    assert restrictions.campaign_ids(session, bob.id) == frozenset()
    assert accounts.get(session, ada.id).is_limited
