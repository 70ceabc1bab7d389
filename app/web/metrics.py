"""`/metrics`: what Prometheus asks for, for whoever has the token; without the setting there is none."""

import hmac
import platform
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, abort, request
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.config import VERSION
from app.extensions import db, limiter, tools
from app.services import metrics as figures
from app.services.metrics import Backlog, CampaignMetrics, Metrics

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
@limiter.limit("120/minute")
def read() -> Response:
    """How things stand, as text that Prometheus reads."""
    settings = tools().settings
    if not settings.metrics_token:
        abort(404)
    if not _is_known(request.headers.get("Authorization", ""), settings.metrics_token):
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return Response("Send a header Authorization: Bearer with the token.\n", 401, headers, "text/plain")
    registry = CollectorRegistry(auto_describe=False)
    found = figures.read(db.session(), now=tools().now())
    registry.register(_Collector(found, "sqlite" if settings.is_sqlite else "postgresql"))
    if settings.processes == 1:  # of several, each would tell of itself only
        ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    response = Response(encode(registry), content_type=content_type)
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_known(header: str, token: str) -> bool:
    scheme, _space, given = header.partition(" ")
    is_same = hmac.compare_digest(given.strip().encode(), token.encode())
    return is_same and scheme.lower() == "bearer"


class _Collector(Collector):
    """What was read, as families of metrics; docs/metrics.md says what each means."""

    def __init__(self, found: Metrics, database: str) -> None:
        self._found = found
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """See Collector."""
        build = {"version": VERSION, "python": platform.python_version(), "database": self._database}
        yield InfoMetricFamily("prizewell_build", "What is running.", value=build)
        yield from _campaigns(self._found.campaigns)
        yield from _backlog("mail", "Mails", self._found.mail)
        yield from _backlog("webhook", "Webhook deliveries", self._found.webhooks)


def _campaigns(found: Iterable[CampaignMetrics]) -> Iterator[Metric]:
    here = ["campaign"]
    phases = GaugeMetricFamily(
        "prizewell_campaign_phase", "1 for the phase it is in.", labels=[*here, "phase"]
    )
    entries = CounterMetricFamily("prizewell_entries", "Entries taken and drawn.", labels=here)
    wins = CounterMetricFamily("prizewell_wins", "Entries that won, void ones too.", labels=here)
    redeemed = GaugeMetricFamily(
        "prizewell_redeemed_wins", "Wins that shops took, as last added up.", labels=here
    )
    age = GaugeMetricFamily(
        "prizewell_figures_age_seconds", "Since the figures were added up.", labels=here, unit="seconds"
    )
    refusals = CounterMetricFamily(
        "prizewell_refusals", "Forms that were not taken, about.", labels=[*here, "reason"]
    )
    places = [*here, "tier", "prize"]
    free = GaugeMetricFamily("prizewell_stock_free", "Units that can be won.", labels=places)
    offered = GaugeMetricFamily("prizewell_stock_offered", "Units free or won.", labels=places)
    for one in found:
        phases.add_metric([one.slug, one.phase.value], 1)
        entries.add_metric([one.slug], one.entries)
        wins.add_metric([one.slug], one.wins)
        redeemed.add_metric([one.slug], one.redeemed)
        if one.added_up is not None:
            age.add_metric([one.slug], one.added_up.total_seconds())
        for reason, count in one.refusals:
            refusals.add_metric([one.slug, reason], count)
        for prize in one.prizes:
            free.add_metric([one.slug, prize.tier, prize.prize], prize.free)
            offered.add_metric([one.slug, prize.tier, prize.prize], prize.offered)
    yield from (phases, entries, wins, redeemed, age, refusals, free, offered)


def _backlog(name: str, things: str, backlog: Backlog) -> Iterator[Metric]:
    yield GaugeMetricFamily(f"prizewell_{name}_waiting", f"{things} not sent yet.", value=backlog.waiting)
    yield GaugeMetricFamily(
        f"prizewell_{name}_oldest_seconds",
        f"{things}: since the oldest of them was written.",
        value=backlog.oldest.total_seconds(),
        unit="seconds",
    )
    yield GaugeMetricFamily(
        f"prizewell_{name}_late_seconds",
        f"{things}: how long the next one has been due.",
        value=backlog.late.total_seconds(),
        unit="seconds",
    )
