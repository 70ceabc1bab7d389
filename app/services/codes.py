"""Codes: lists come in whole or not at all, new ones are made, free ones go out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.chance import Rng
from app.domain.code_list import CodeList, Duplicate, Malformed
from app.domain.codes import (
    GUESS_RISK_LIMIT,
    LENGTHS,
    SYMBOLS,
    InvalidPrefix,
    clean_prefix,
    generate,
    keys_meant,
    mask,
)
from app.domain.errors import Conflict, InvalidInput
from app.models import Award, BatchSource, Code, CodeBatch, CodeStatus, Prize, PrizeKind, Replacement
from app.services import audit, batches, prizes, staging, stock
from app.services.audit import Actor
from app.services.batches import Progress, Taken
from app.services.uow import unit_of_work

SAMPLES = 3
_READ_AT_ONCE = 10_000


class KnownElsewhere(NamedTuple):
    """A line whose code is another campaign's."""

    line: int
    campaign_id: UUID


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a list of codes comes to: how many are new, how many come back that were withdrawn before anybody
    won them, and the lines that are wrong, by what is wrong with them: `known` ones are this campaign's.
    """

    new: int
    known: tuple[int, ...]
    duplicates: tuple[Duplicate, ...]
    malformed: tuple[Malformed, ...]
    returning: int = 0
    elsewhere: tuple[KnownElsewhere, ...] = ()

    @property
    def taken_in(self) -> int:
        """How many codes can be, or have been, put on offer."""
        return self.new + self.returning

    @property
    def ok(self) -> bool:
        """True when the list can be, or has been, imported."""
        return self.taken_in > 0 and not (self.known or self.elsewhere or self.duplicates or self.malformed)


def check_import(session: Session, prize_id: UUID, code_list: CodeList) -> ImportReport:
    """What importing the list would do; writes nothing. Raises as `import_codes`."""
    prize = prizes.get(session, prize_id)
    _check_kind(prize)
    return _report(session, prize, code_list)


def import_codes(
    session: Session,
    prize_id: UUID,
    code_list: CodeList,
    *,
    file_name: str = "",
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
    reason: str = "",
) -> ImportReport:
    """Put the whole list into the prize's stock; when one line is wrong nothing is written and the report
    says why.

    Long lists come in by short transactions, with entries in between; nobody can win one of their codes
    before all of them are in. Raises NotFound for an unknown prize and Conflict for one that is a plain
    quantity, or when the import is stopped.
    """
    if code_list.malformed or code_list.duplicates or not code_list.codes:
        return check_import(session, prize_id, code_list)
    batches.tidy(session, now=now)
    if len(code_list.codes) <= stock.PART:
        report = _import(
            session,
            prize_id,
            code_list,
            file_name=file_name,
            actor=actor,
            now=now,
            rng=rng,
            reason=reason,
        )
        if progress is not None:
            progress(len(code_list.codes))
        return report
    report = check_import(session, prize_id, code_list)
    if not report.ok:
        return report
    try:
        batches.bring_in(
            session,
            prize_id,
            BatchSource.IMPORTED,
            len(code_list.codes),
            (part.texts for part in code_list.codes.in_key_order(stock.PART)),
            file_name=file_name,
            actor=actor,
            now=now,
            rng=rng,
            progress=progress,
            reason=reason,
        )
    except Taken as error:
        report = check_import(session, prize_id, code_list)
        if report.ok:  # whoever was first has given up again
            raise Conflict("some of these codes were just being brought in; try again") from error
    return report


def generate_codes(
    session: Session,
    prize_id: UUID,
    count: int,
    *,
    prefix: str = "",
    length: int = SYMBOLS,
    actor: Actor,
    now: datetime,
    rng: Rng,
    progress: Progress | None = None,
    reason: str = "",
) -> int:
    """Make `count` new codes for the prize, all or none, many of them by short transactions; returns the
    count.

    Raises InvalidInput for a wrong count, prefix or length, NotFound for an unknown prize, Conflict for one
    that is a plain quantity, or when there would be so many live codes that one could be guessed.
    """
    prefix = check_order(session, prize_id, count, prefix, length)
    if count <= stock.PART:
        _generate(session, prize_id, count, prefix, length, actor=actor, now=now, rng=rng, reason=reason)
        if progress is not None:
            progress(count)
        return count
    batches.tidy(session, now=now)
    try:
        batches.generate(
            session,
            prize_id,
            count,
            prefix,
            length=length,
            actor=actor,
            now=now,
            rng=rng,
            progress=progress,
            reason=reason,
        )
    except Taken as error:  # an import brought one of them along
        raise Conflict("some of these codes were just being brought in; try again") from error
    return count


def check_order(session: Session, prize_id: UUID, count: int, prefix: str, length: int) -> str:
    """The prefix made tidy of codes that `generate_codes` is asked for. Raises as it does."""
    stock.check_count("count", count, 1)
    if length not in LENGTHS:
        raise InvalidInput("length", "choose one of %(names)s", names=", ".join(map(str, LENGTHS)))
    try:
        prefix = clean_prefix(prefix, length)
    except InvalidPrefix as error:
        raise InvalidInput.of("prefix", error) from error
    _check_kind(prizes.get(session, prize_id))
    stock.check_guess_proof(session, count, length)
    return prefix


@dataclass(frozen=True, slots=True)
class FoundCode:
    """One code of a campaign, and where it stands; `entry_id` is whose it is, once it is won."""

    code: Code
    prize: Prize
    batch: CodeBatch | None
    entry_id: UUID | None


@unit_of_work
def find(session: Session, campaign_id: UUID, typed: str, *, actor: Actor, now: datetime) -> FoundCode | None:
    """The campaign's code that somebody typed; None when it has none like it. That somebody looked is on
    record either way, the code is not.
    """
    keys = keys_meant(typed)
    query = (
        select(Code, Prize, CodeBatch, func.coalesce(Award.entry_id, Replacement.entry_id))
        .join(Prize, Prize.id == Code.prize_id)
        .outerjoin(CodeBatch, CodeBatch.id == Code.batch_id)
        .outerjoin(Award, Award.code_id == Code.id)
        .outerjoin(Replacement, Replacement.code_id == Code.id)
        .where(Code.key.in_(keys), Prize.campaign_id == campaign_id)
    )
    rows = session.execute(query).all()
    # Read in several ways it can name several: what was typed goes first.
    found = min((FoundCode(*row) for row in rows), key=lambda one: keys.index(one.code.key), default=None)
    after = {"prize": found.prize.id, "status": found.code.status} if found else {"status": "unknown"}
    subject = mask(found.code.text) if found else ""
    audit.record(session, actor, "codes.find", subject, now=now, campaign_id=campaign_id, after=after)
    return found


@dataclass(frozen=True, slots=True)
class CodePlan:
    """What generating codes would come to: how many hits guessing has to expect, and codes that read like
    them and are nowhere in stock.
    """

    risk: Fraction
    samples: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """True when they could be guessed."""
        return self.risk > GUESS_RISK_LIMIT


def preview(session: Session, count: int, *, prefix: str, length: int, rng: Rng) -> CodePlan:
    """What `generate_codes` would come to; writes nothing. A prefix that will not do has no samples."""
    try:
        samples = tuple(generate(rng, SAMPLES, prefix, length))
    except InvalidPrefix:
        samples = ()
    return CodePlan(stock.risk_with(session, count, length), samples)


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
    file_name: str,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str,
) -> ImportReport:
    prize = stock.get_prize_for_change(session, prize_id)
    _check_kind(prize)
    report = _report(session, prize, code_list)
    if report.ok:
        (part,) = code_list.codes.in_key_order(stock.PART)
        source = BatchSource.IMPORTED
        batch, after = staging.take_in(
            session,
            prize,
            source,
            part.texts,
            part.keys,
            file_name=file_name,
            actor=actor,
            now=now,
            rng=rng,
        )
        staging.record(session, batch, prize, after, actor, now, reason)
    return report


@unit_of_work
def _generate(
    session: Session,
    prize_id: UUID,
    count: int,
    prefix: str,
    length: int,
    *,
    actor: Actor,
    now: datetime,
    rng: Rng,
    reason: str,
) -> None:
    prize = stock.get_prize_for_change(session, prize_id)
    after = stock.add_generated(session, prize, count, prefix, length=length, actor=actor, now=now, rng=rng)
    audit.record(
        session,
        actor,
        "codes.generate",
        prize.name,
        now=now,
        campaign_id=prize.campaign_id,
        after=after,
        reason=reason,
    )


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
    with session.scalars(query.order_by(Code.id).execution_options(yield_per=stock.PART)) as texts:
        yield from texts


def _check_kind(prize: Prize) -> None:
    if prize.kind is PrizeKind.QUANTITY:
        raise Conflict("this prize is a plain quantity: change its number instead of adding codes")


def _report(session: Session, prize: Prize, code_list: CodeList) -> ImportReport:
    lines: list[int] = []
    elsewhere: list[KnownElsewhere] = []
    returning = 0
    for part in code_list.codes.in_key_order(_READ_AT_ONCE):
        staging.spare_memory(session)
        known = staging.known(session, prize.campaign_id, part.keys)
        returning += len(known.returning)
        for line, key in zip(part.lines, part.keys, strict=True):
            if key in known.here:
                lines.append(line)
            elif key in known.elsewhere:
                elsewhere.append(KnownElsewhere(line, known.elsewhere[key]))
    new = len(code_list.codes) - len(lines) - len(elsewhere) - returning
    return ImportReport(
        new,
        tuple(sorted(lines)),
        code_list.duplicates,
        code_list.malformed,
        returning=returning,
        elsewhere=tuple(sorted(elsewhere)),
    )
