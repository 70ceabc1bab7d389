"""Figures: what is stored by day is what the rows come to, on every day nothing has come to since."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import FigureDay, FigureMoney
from app.services import rollups
from app.services.check.tally import Subject, Tally


def check_figures(session: Session, subject: Subject, tally: Tally) -> None:
    """Each day that was added up, beside its rows added up once more."""
    zone = ZoneInfo(subject.campaign.timezone)
    for day in sorted(rollups.stored_days(session, subject.id) - rollups.changed_days(session, subject.id)):
        tally.seen += 1
        wanted = rollups.rows_of(subject.id, day, rollups.sums_of(session, subject.id, zone, day))
        table: Any
        for table, rows in zip((FigureDay, FigureMoney), wanted, strict=True):
            columns = list(table.__table__.columns)
            query = select(*columns).where(table.campaign_id == subject.id, table.day == day)
            stored = {tuple(row) for row in session.execute(query)}
            expected = {tuple(row[column.name] for column in columns) for row in rows}
            tally.expect(
                stored == expected,
                f"{subject.campaign.slug}: the figures of {day} differ in {len(stored ^ expected)} sums;"
                " add them up anew with: flask prizewell figures rebuild",
            )
