"""Sessions of staff: what ends them, and whose they are."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.roles import Role
from app.models import Account, StaffSession
from app.services import accounts, audit, housekeeping, sessions, sign_in
from app.services.audit import COMMAND_LINE, Actor
from app.services.sessions import IDLE, LONGEST, PROVEN_FOR, SEEN_EVERY
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import PASSWORD, make_account


def begin(
    session: Session, account: Account, seed: int = 1, *, counter: int | None = None, now: datetime = NOON
) -> UUID:
    """The id of a session that begins."""
    when = account.session_counter if counter is None else counter
    return sessions.begin(session, account.id, when, "Firefox, Linux", now=now, rng=FakeRng(seed)).id


def actor_of(account: Account) -> Actor:
    return Actor(account.email, account.id)


def test_who_is_behind_a_session(session: Session) -> None:
    ada = make_account(session, Role.EDITOR)
    begun = begin(session, ada)
    found = sessions.find(session, begun, now=NOON)
    assert found is not None
    assert (found.account.id, found.session.agent, found.has_second_factor) == (
        ada.id,
        "Firefox, Linux",
        False,
    )
    assert sessions.find(session, UUID(int=9), now=NOON) is None
    assert audit.latest(session)[0].action == "account.sign_in"


def test_a_session_nobody_uses_ends_and_so_does_the_oldest(session: Session) -> None:
    ada = make_account(session, Role.EDITOR)
    begun = begin(session, ada)
    last = NOON + IDLE - timedelta(seconds=1)
    assert sessions.find(session, begun, now=last)
    assert sessions.find(session, begun, now=NOON + IDLE) is None
    sessions.touch(session, begun, now=last)
    assert sessions.find(session, begun, now=last + IDLE - timedelta(seconds=1))
    sessions.touch(session, begun, now=NOON + LONGEST - timedelta(hours=1))
    assert sessions.find(session, begun, now=NOON + LONGEST - timedelta(seconds=1))
    assert sessions.find(session, begun, now=NOON + LONGEST) is None


def test_presence_and_proof_have_their_time() -> None:
    assert not sessions.is_due(NOON, NOON + SEEN_EVERY - timedelta(seconds=1))
    assert sessions.is_due(NOON, NOON + SEEN_EVERY)
    assert sessions.is_proven(NOON, NOON + PROVEN_FOR - timedelta(seconds=1))
    assert not sessions.is_proven(NOON, NOON + PROVEN_FOR)


def test_proving_oneself_again_counts_from_then(session: Session) -> None:
    begun = begin(session, make_account(session, Role.EDITOR))
    later = NOON + timedelta(hours=2)
    sessions.prove(session, begun, now=later)
    row = session.get_one(StaffSession, begun, populate_existing=True)
    assert (row.proven_at, row.seen_at) == (later, later)


def test_a_new_password_a_lower_role_and_disabling_end_all(session: Session) -> None:
    make_account(session, Role.ADMIN)
    ada = make_account(session, Role.EDITOR, password=True)
    seeds = iter(range(1, 9))

    def is_out_after(act: Callable[..., object], *values: object, **more: object) -> bool:
        begun = begin(session, accounts.get(session, ada.id), next(seeds))
        assert sessions.find(session, begun, now=NOON)
        act(session, *values, **more, actor=COMMAND_LINE, now=NOON)
        return sessions.find(session, begun, now=NOON) is None

    assert not is_out_after(accounts.set_role, ada.id, Role.ADMIN)
    assert is_out_after(accounts.set_role, ada.id, Role.EDITOR)
    assert is_out_after(accounts.invite, ada.email, Role.VIEWER, rng=FakeRng(5))
    assert is_out_after(sign_in.change_password, ada.id, PASSWORD, "another long password")
    assert is_out_after(accounts.disable, ada.id)


def test_a_sign_in_overtaken_by_a_new_password_is_over_from_the_start(session: Session) -> None:
    ada = make_account(session, Role.EDITOR)
    begun = begin(session, ada, counter=ada.session_counter - 1)
    assert sessions.find(session, begun, now=NOON) is None


def test_sessions_that_are_over_are_forgotten_at_the_next_sign_in(session: Session) -> None:
    ada, bob = make_account(session, Role.EDITOR), make_account(session, Role.VIEWER)
    begin(session, ada, 1)
    kept = begin(session, bob, 2)
    fresh = begin(session, ada, 3, now=NOON + IDLE)
    assert set(session.scalars(select(StaffSession.id))) == {kept, fresh}


def test_what_nobody_uses_is_forgotten(session: Session) -> None:
    ada = make_account(session, Role.EDITOR)
    begin(session, ada, 1)
    kept = begin(session, make_account(session, Role.VIEWER), 2, now=NOON + timedelta(seconds=1))
    housekeeping.purge(session, now=NOON + IDLE)
    assert list(session.scalars(select(StaffSession.id))) == [kept]


def test_the_list_shows_ones_own_the_last_used_first(session: Session) -> None:
    ada, bob = make_account(session, Role.EDITOR), make_account(session, Role.VIEWER)
    first, second = begin(session, ada, 1), begin(session, ada, 2)
    begin(session, bob, 3)
    sessions.touch(session, first, now=NOON + timedelta(minutes=6))
    later = NOON + timedelta(minutes=7)
    assert [each.id for each in sessions.listing(session, ada.id, now=later)] == [first, second]
    assert sessions.listing(session, ada.id, now=NOON + timedelta(days=2)) == []


def test_one_ends_ones_own_sessions_and_nobody_elses(session: Session) -> None:
    ada, bob = make_account(session, Role.EDITOR), make_account(session, Role.VIEWER)
    here, there, third = (begin(session, ada, seed) for seed in (1, 2, 3))
    other = begin(session, bob, 4)
    actor = actor_of(ada)
    assert not sessions.end(session, other, actor=actor, now=NOON)
    assert sessions.end(session, there, actor=actor, now=NOON)
    assert not sessions.end(session, there, actor=actor, now=NOON)
    assert sessions.find(session, there, now=NOON) is None
    assert sessions.end_others(session, here, actor=actor, now=NOON) == 1
    assert sessions.end_others(session, here, actor=actor, now=NOON) == 0
    assert sessions.find(session, third, now=NOON) is None
    assert sessions.find(session, here, now=NOON)
    assert sessions.find(session, other, now=NOON)
    records = [record.after for record in audit.latest(session) if record.action == "account.session_end"]
    assert records == [{"ended": 1}, None]
    assert session.scalar(select(func.count()).select_from(StaffSession)) == 2
