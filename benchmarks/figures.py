"""Pages of figures, as staff ask for them, and what else reads the sums; by number of entries."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Role
from app.extensions import db
from app.models import Campaign
from app.services import rollups
from benchmarks.ground import Grounds
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal, ratio
from tests.support.application import application, environment
from tests.support.staff import sign_in

FEW = 10_000
TURNS = 5
MOST_MS = 300
TOKEN = "benchmarks-read-the-metrics"
SUMMER = "/admin/campaigns/summer"
PAGES = {
    "overview": SUMMER,
    "figures": f"{SUMMER}/report",
    "partners side by side": f"{SUMMER}/report/partners",
    "list of partners": f"{SUMMER}/partners",
    "campaigns side by side": "/admin/figures",
    "metrics": "/metrics",
}
NEWS = "what has changed"  # what the worker looks for every five minutes


class Figures:
    """The pages with their templates, through the whole application, one at a time."""

    def __init__(self, grounds: Grounds, pace: Pace) -> None:
        self.rounds = pace.heavy_rounds
        self.notes: list[str] = []
        self._grounds = grounds
        self._rows = (FEW, pace.rows)
        self._kinds = grounds.kinds("figures", self.notes)
        self._figures = {
            (kind, what, rows): Figure(
                f"{kind}: {what}, of {rows:,}", "ms", Goal(MOST_MS, at_least=False) if rows > FEW else None
            )
            for kind in self._kinds
            for what in (*PAGES, NEWS)
            for rows in self._rows
        }

    def round(self) -> None:
        """The median of some turns."""
        for kind in self._kinds:
            for rows in self._rows:
                url = self._grounds.busy(kind, rows)
                for what, seconds in _asked(url, self._grounds.folder).items():
                    self._figures[kind, what, rows].values.append(median(seconds) * 1000)

    def figures(self) -> Iterator[Figure]:
        """Many beside few."""
        few, many = self._rows
        for kind in self._kinds:
            for what in (*PAGES, NEWS):
                small, large = self._figures[kind, what, few], self._figures[kind, what, many]
                yield from (small, large)
                yield ratio("   many beside few", large, small)


def _asked(url: str, folder: Path) -> dict[str, list[float]]:
    """Seconds of each turn, after one that connects and compiles."""
    with application(environment(url, folder, PRIZEWELL_METRICS_TOKEN=TOKEN)) as app:
        with app.app_context():
            engine = db.engine
        with Session(engine, expire_on_commit=False) as session:
            client = sign_in(app, session, Role.ADMIN).client
            campaign_id = session.scalars(select(Campaign.id)).one()
            found = {what: [_get(client, path) for _ in range(TURNS + 1)][1:] for what, path in PAGES.items()}
            found[NEWS] = []
            for _ in range(TURNS):
                session.rollback()
                start = time.perf_counter()
                rollups.changed_days(session, campaign_id)
                found[NEWS].append(time.perf_counter() - start)
    return found


def _get(client: FlaskClient, path: str) -> float:
    start = time.perf_counter()
    answer = client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
    seconds = time.perf_counter() - start
    assert answer.status_code == 200, (path, answer.status_code)
    return seconds
