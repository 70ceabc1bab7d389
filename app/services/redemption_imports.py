"""Imports of redemptions: what a shop's system exports, looked at first, then taken whole or not at all."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.errors import Conflict, InvalidInput, Worded
from app.domain.redemption import Verdict
from app.services import audit, redemptions
from app.services.money import minor_units
from app.services.redemptions import Order, Redeemed, Till
from app.services.uow import unit_of_work

MOST_LINES = 20_000
COLUMNS = ("code", "order_reference", "order_total", "currency", "redeemed_at", "location")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file that can be read."""

    number: int
    code: str
    order: Order


@dataclass(frozen=True, slots=True)
class Listed:
    """What a file says: the lines that can be read, and what is wrong with the others."""

    lines: tuple[Line, ...]
    malformed: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Report:
    """What an import would do, or did: lines by their numbers.

    `already` are on record with the same order: they are passed over. A file with lines that are malformed,
    unknown or refused (used, expired) is not taken in.
    """

    new: list[int] = field(default_factory=list)
    already: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    malformed: tuple[tuple[int, str], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all of it can be taken in."""
        return not (self.unknown or self.refused or self.malformed)


def read(rows: Iterable[str], now: datetime) -> Listed:
    """The lines of a CSV file with a header that names a column `code`; other columns are known or ignored.

    `order_total` is as people write it (49.90), a moment without an offset is UTC. Raises InvalidInput for a
    file without such a header, or with more than MOST_LINES lines.
    """
    reader = csv.reader(rows, strict=True)
    try:
        header = [name.strip().lower().lstrip("\ufeff") for name in next(reader, [])]
        if "code" not in header:
            raise InvalidInput("file", "the first line must name the columns, one of them “code”")
        return _listed(reader, header, now)
    except csv.Error as error:
        raise InvalidInput("file", "this is not a CSV file") from error


def check(session: Session, listed: Listed, till: Till, *, now: datetime) -> Report:
    """What an import would do; nothing is written."""
    report = Report(malformed=listed.malformed)
    met: set[int] = set()
    for line in listed.lines:
        at = line.order.at or now
        seen = redemptions.look_up(session, line.code, till, now=at, units=line.order.units)
        if seen.standing is None:
            report.unknown.append(line.number)
        elif any(one.order_reference == line.order.reference != "" for one in seen.taken):
            report.already.append(line.number)
        elif seen.verdict is not Verdict.VALID or seen.standing.code_id in met:
            report.refused.append(line.number)
        else:
            met.add(seen.standing.code_id)
            report.new.append(line.number)
    return report


@unit_of_work
def take_in(
    session: Session, listed: Listed, till: Till, *, now: datetime, rng: Rng, reason: str = ""
) -> Report:
    """Redeem what the file lists, all in one transaction. Raises Conflict, and writes nothing, when a line
    cannot be taken in.
    """
    report = check(session, listed, till, now=now)
    if not report.ok:
        raise Conflict("nothing was imported: some lines cannot be taken in")
    wanted = set(report.new)
    for line in listed.lines:
        if line.number not in wanted:
            continue
        done = redemptions.redeem_in(session, line.code, line.order, till, now=now, rng=rng)
        if not isinstance(done, Redeemed):
            raise Conflict("line %(line)s was redeemed meanwhile; nothing was imported", line=line.number)
    if wanted:
        after = {"redemptions": len(wanted)}
        audit.record(
            session,
            till.actor,
            "redemption.import",
            "",
            now=now,
            campaign_id=till.campaign_id,
            after=after,
            reason=reason,
        )
    return report


def _listed(reader: Iterator[list[str]], header: list[str], now: datetime) -> Listed:
    lines: list[Line] = []
    malformed: list[tuple[int, str]] = []
    for number, cells in enumerate(reader, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if number > MOST_LINES + 1:
            raise InvalidInput("file", "split the file: it has more than %(most)s lines", most=MOST_LINES)
        values = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name in COLUMNS}
        try:
            lines.append(Line(number, _code(values), _order(values, now)))
        except Worded as error:
            malformed.append((number, str(error)))
    return Listed(tuple(lines), tuple(malformed))


def _code(values: dict[str, str]) -> str:
    code = values.get("code", "")
    if not 0 < len(code) <= 200 or "\0" in code:
        raise InvalidInput("code", "there is no code in this line")
    return code


def _order(values: dict[str, str], now: datetime) -> Order:
    currency = values.get("currency", "").upper()
    total = values.get("order_total", "")
    order = Order(
        values.get("order_reference", ""),
        minor_units(total, currency, "order_total") if total else None,
        currency if total else "",
        values.get("location", ""),
        _moment(values.get("redeemed_at", "")),
    )
    return replace(redemptions.checked_order(order, now))


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("redeemed_at", "use a moment such as 2027-01-31T18:00") from error
