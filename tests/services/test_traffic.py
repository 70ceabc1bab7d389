"""Traffic is counted in memory and stored together; a win is seen once."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.errors import Busy
from app.models import Award, TrafficCount
from app.services import seen, tallies
from app.services.tallies import Tally, flush
from app.services.traffic import PAGE, SENT, STORE, reason_of
from tests.support.factories import make_campaign
from tests.support.fakes import NOON
from tests.support.shop import win


def stored(session: Session) -> list[tuple[str, str, int]]:
    query = select(TrafficCount.kind, TrafficCount.device, TrafficCount.count)
    return [(row[0], row[1], row[2]) for row in session.execute(query.order_by(*query.selected_columns))]


def test_counts_add_up_over_processes(session: Session) -> None:
    make_campaign(session)
    one, other = Tally(), Tally()
    for tally in (one, other, one):
        tally.count("summer", reason_of(PAGE, "phone"), now=NOON)
        tally.count("summer", reason_of(SENT, ""), now=NOON)
        tally.count("none", reason_of(PAGE, "phone"), now=NOON)
        flush(session, tally, STORE)
        flush(session, tally, STORE)
    assert stored(session) == [("page", "phone", 3), ("sent", "", 3)]


def test_of_a_campaign_that_is_not_there_nothing_is_kept(session: Session) -> None:
    tally = Tally()
    tally.count("none", reason_of(PAGE, "phone"), now=NOON)
    flush(session, tally, STORE)
    assert stored(session) == []


def test_a_crowded_moment_loses_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    make_campaign(session)
    tally = Tally()
    tally.count("summer", reason_of(PAGE, "phone"), now=NOON)

    def busy(*_args: object) -> None:
        raise Busy

    with monkeypatch.context() as crowded:
        crowded.setattr(tallies, "_keep", busy)
        with pytest.raises(Busy):
            flush(session, tally, STORE)
    flush(session, tally, STORE)
    assert stored(session) == [("page", "phone", 1)]


def test_a_win_is_seen_once(session: Session) -> None:
    make_campaign(session)
    won = win(session)
    for minutes in (1, 2):
        seen.see(session, won.entry_id, now=NOON + timedelta(minutes=minutes))
    assert session.scalars(select(Award.seen_at)).all() == [NOON + timedelta(minutes=1)]
