"""Imports of redemptions: looked at first, then whole or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, InvalidInput
from app.domain.redemption import Verdict
from app.models import AuditRecord, Redemption, RedemptionSource
from app.services import redemption_imports, redemptions
from app.services.audit import COMMAND_LINE
from app.services.redemption_imports import Report
from app.services.redemptions import Refused, Seen, Till
from tests.support.factories import make_campaign
from tests.support.fakes import NOON, FakeRng
from tests.support.shop import win

LATER = NOON + timedelta(hours=1)
IMPORT = Till(RedemptionSource.IMPORT, COMMAND_LINE)
HEADER = "\ufeffCode,Order_Reference,order_total,currency,redeemed_at,location,whatever\n"


def listed(*lines: str) -> redemption_imports.Listed:
    return redemption_imports.read([HEADER, *(f"{line}\n" for line in lines)], LATER)


def count(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Redemption)) or 0


def test_a_file_is_looked_at_then_taken_in_once(session: Session) -> None:
    make_campaign(session)
    wins = [win(session, number) for number in range(1, 4)]
    file = listed(
        f'{wins[0].code},A-1,"49,90",eur,2030-06-15T12:30:00,Kadıköy,x',
        "",
        f"{wins[1].code},A-2,100,JPY,2030-06-15T15:30:00+03:00",
        f"{wins[2].code}",
    )
    assert redemption_imports.check(session, file, IMPORT, now=LATER) == Report([2, 4, 5])
    assert count(session) == 0
    done = redemption_imports.take_in(session, file, IMPORT, now=LATER, rng=FakeRng(1))
    assert (done.new, done.ok) == ([2, 4, 5], True)
    first = session.scalars(select(Redemption).where(Redemption.order_reference == "A-1")).one()
    assert (first.order_value, first.currency, first.source) == (4990, "EUR", "import")
    assert first.at == NOON + timedelta(minutes=30)
    record = session.scalars(select(AuditRecord).where(AuditRecord.action.startswith("redemption"))).one()
    assert record.after == {"redemptions": 3}
    again = listed(f"{wins[0].code},A-1,49.90,EUR")
    assert redemption_imports.take_in(session, again, IMPORT, now=LATER, rng=FakeRng(2)).already == [2]
    assert count(session) == 3


def test_one_line_that_cannot_be_taken_in_holds_all_back(session: Session) -> None:
    make_campaign(session)
    good, twice = win(session, 1), win(session, 2)
    file = listed(
        good.code,
        "NO-SUCH-CODE",
        twice.code,
        twice.code,
        ",A-1",
        f"{good.code},A,1.234,EUR",
        f"{good.code},A,many,EUR",
        f"{good.code},A,NaN,EUR",
        f"{good.code},A,1,",
        f"{good.code},A,,,yesterday",
        f"{good.code},A,,,2031-01-01",
    )
    report = redemption_imports.check(session, file, IMPORT, now=LATER)
    assert (report.new, report.unknown, report.refused) == ([2, 4], [3], [5])
    assert [number for number, _why in report.malformed] == [6, 7, 8, 9, 10, 11, 12]
    with pytest.raises(Conflict):
        redemption_imports.take_in(session, file, IMPORT, now=LATER, rng=FakeRng(1))
    assert count(session) == 0


def test_what_is_taken_meanwhile_undoes_the_import(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    make_campaign(session)
    file = listed(win(session, 1).code, win(session, 2).code)
    real, calls = redemptions.redeem_in, iter([False, True])

    def sometimes(*args: object, **more: object) -> object:
        if next(calls):
            return Refused(Seen(Verdict.USED))
        return real(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(redemptions, "redeem_in", sometimes)
    with pytest.raises(Conflict, match="line 3"):
        redemption_imports.take_in(session, file, IMPORT, now=LATER, rng=FakeRng(1))
    assert count(session) == 0


def test_a_file_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ([], ["order,total\n"], ["code\n", '"a"b\n']):
        with pytest.raises(InvalidInput):
            redemption_imports.read(wrong, LATER)
    monkeypatch.setattr(redemption_imports, "MOST_LINES", 2)
    with pytest.raises(InvalidInput, match="more than 2 lines"):
        listed("A", "B", "C")
