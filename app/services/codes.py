"""Codes: lists come in whole or not at all, new ones are made, free ones go out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.code_list import CodeList, Duplicate, Malformed
from app.domain.codes import InvalidPrefix, clean_prefix
from app.domain.errors import Conflict, InvalidInput
from app.models import Code, CodeStatus, Prize, PrizeKind
from app.services import audit, official_rules, prizes, stock
from app.services.audit import Actor
from app.services.stock import Progress
from app.services.uow import unit_of_work

GENERATED_AT_ONCE = 50_000  # in one transaction, so that entries get their turn in between


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a list of codes comes to: how many are new, and the lines that are wrong, by what is wrong with
    them.
    """

    new: int
    known: tuple[int, ...]
    duplicates: tuple[Duplicate, ...]
    malformed: tuple[Malformed, ...]

    @property
    def ok(self) -> bool:
        """True when the list can be, or has been, imported."""
        return self.new > 0 and not (self.known or self.duplicates or self.malformed)


def check_import(session: Session, prize_id: UUID, code_list: CodeList) -> ImportReport:
    """What importing the list would do; writes nothing. Raises as `import_codes`."""
    _check_kind(prizes.get(session, prize_id))
    return _report(session, code_list)


def import_codes(
    session: Session,
    prize_id: UUID,
    code_list: CodeList,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
) -> ImportReport:
    """Put the whole list into the prize's stock; when one line is wrong nothing is written and the report
    says why.

    Raises NotFound for an unknown prize and Conflict for one that is a plain quantity.
    """
    if code_list.malformed or code_list.duplicates or not code_list.codes:
        return check_import(session, prize_id, code_list)
    return _import(session, prize_id, code_list, actor=actor, now=now, rng=rng, progress=progress)


def generate_codes(
    session: Session,
    prize_id: UUID,
    count: int,
    *,
    prefix: str = "",
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
) -> int:
    """Make `count` new codes for the prize, in transactions of 50,000 at most; returns the count.

    Raises InvalidInput for a wrong count or prefix, NotFound for an unknown prize, Conflict for one that is a
    plain quantity, or when there would be so many live codes that one could be guessed.
    """
    stock.check_count("count", count, 1)
    try:
        prefix = clean_prefix(prefix)
    except InvalidPrefix as error:
        raise InvalidInput.of("prefix", error) from error
    stock.check_guess_proof(session, count)  # for all of them, before the first
    done = 0
    while done < count:
        some = min(GENERATED_AT_ONCE, count - done)
        _generate(session, prize_id, some, prefix, actor=actor, now=now, rng=rng)
        done += some
        if progress is not None:
            progress(done)
    return done


def export_free(session: Session, prize_id: UUID, *, actor: Actor, now: datetime) -> Iterator[str]:
    """The prize's free codes, oldest first, streamed. The export is on record before the first one is out."""
    _record_export(session, prize_id, actor=actor, now=now)
    return _free_codes(session, prize_id)


@unit_of_work
def _import(
    session: Session,
    prize_id: UUID,
    code_list: CodeList,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None,
) -> ImportReport:
    prize = stock.get_prize_for_change(session, prize_id)
    _check_kind(prize)
    report = _report(session, code_list)
    if report.ok:
        units = ((code.text, code.key) for code in code_list.codes)
        batch = stock.add_units(session, prize, units, now=now, rng=rng, progress=progress)
        _record_added(session, prize, "codes.import", batch, actor, now)
    return report


@unit_of_work
def _generate(
    session: Session, prize_id: UUID, count: int, prefix: str, *, actor: Actor, now: datetime, rng: Rng
) -> None:
    prize = stock.get_prize_for_change(session, prize_id)
    _check_kind(prize)
    batch = stock.add_generated(session, prize, count, prefix, now=now, rng=rng)
    _record_added(session, prize, "codes.generate", batch, actor, now)


@unit_of_work
def _record_export(session: Session, prize_id: UUID, *, actor: Actor, now: datetime) -> None:
    prize = prizes.get(session, prize_id)
    count = session.scalar(
        select(func.count()).where(Code.prize_id == prize_id, Code.status == CodeStatus.FREE)
    )
    audit.record(
        session,
        actor,
        "codes.export",
        prize.name,
        now=now,
        campaign_id=prize.campaign_id,
        after={"prize": prize_id, "exported": count},
    )


def _free_codes(session: Session, prize_id: UUID) -> Iterator[str]:
    query = select(Code.text).where(Code.prize_id == prize_id, Code.status == CodeStatus.FREE)
    # Closed also when whoever reads goes away half-way.
    with session.scalars(query.order_by(Code.id).execution_options(yield_per=stock.CHUNK)) as texts:
        yield from texts


def _record_added(
    session: Session, prize: Prize, action: str, batch: stock.Batch, actor: Actor, now: datetime
) -> None:
    audit.record(
        session,
        actor,
        action,
        prize.name,
        now=now,
        campaign_id=prize.campaign_id,
        after={"prize": prize.id, "added": batch.count, "digest": batch.digest},
    )
    official_rules.keep_up(session, prize.campaign_id, now)


def _check_kind(prize: Prize) -> None:
    if prize.kind is PrizeKind.QUANTITY:
        raise Conflict("this prize is a plain quantity: change its number instead of adding codes")


def _report(session: Session, code_list: CodeList) -> ImportReport:
    known = stock.known_keys(session, (code.key for code in code_list.codes))
    lines = tuple(code.line for code in code_list.codes if code.key in known) if known else ()
    return ImportReport(len(code_list.codes) - len(lines), lines, code_list.duplicates, code_list.malformed)
