"""Databases with months of figures: partners, links, redemptions, all added up as the worker does it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Campaign
from app.services import counts, rollups, shoppers
from benchmarks import filling
from tests.race.crowd import engine_for

DAYS = 60
# The filling lets everybody win, which is the most there can be; `number` stands at the end of each name.
_NUMBER = "CAST(substr(entry.name, 8) AS INTEGER)"
_STATEMENTS = (
    """INSERT INTO partner (id, campaign_id, slug, name, created_at)
    {once} SELECT {id}, campaign.id, 'partner-' || number, 'Partner ' || number, campaign.created_at
        FROM numbers, campaign WHERE number <= 20""",
    f"""UPDATE entry SET
        partner_id = (SELECT id FROM partner WHERE slug = 'partner-' || ({_NUMBER} % 80)),
        utm_source = CASE {_NUMBER} % 5 WHEN 0 THEN 'instagram' WHEN 1 THEN 'newsletter' ELSE '' END,
        device = CASE {_NUMBER} % 3 WHEN 0 THEN 'desktop' ELSE 'phone' END,
        locale = CASE {_NUMBER} % 4 WHEN 0 THEN 'tr' ELSE 'en' END""",  # noqa: S608 -- fixed
    """INSERT INTO redemption (id, code_id, entry_id, campaign_id, prize_id, units, at, created_at, source,
        actor, order_reference, order_value, currency)
    {once} SELECT {id}, number, {id}, prize.campaign_id, prize.id, 1, {moment}, {moment}, 'staff',
        'somebody', '', 1000 + number % 9000, 'EUR' FROM numbers, prize WHERE number % 10 = 0""",
    "UPDATE award SET seen_at = created_at",
)


def fill(url: str, rows: int) -> None:
    """Let so many enter, win, come over links and redeem, spread over DAYS until now; then add it all up."""
    now = datetime.now(UTC)
    start = (now - timedelta(days=DAYS, hours=1)).timestamp()
    apart = DAYS * 86_400 / rows
    filling.fill(url, rows, start=start, apart=apart)
    filling.run(url, _STATEMENTS, rows, start=start, apart=apart)
    filling.settle(url)
    with engine_for(url, 1) as engine, Session(engine) as session:
        campaign_id = session.scalars(select(Campaign.id)).one()
        while counts.count_on(session, campaign_id, now=now):
            pass
        rollups.roll(session, campaign_id, now=now)
        shoppers.roll(session, now=now)
