"""Campaigns on the command line."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from app.cli.support import WEIGHT, echo_json, landing_link, named_campaign, one_of, read_moment, session
from app.domain.eligibility import CampaignStatus, EntryLimit, phase
from app.extensions import tools
from app.models import Campaign
from app.services import campaigns
from app.services.audit import COMMAND_LINE
from app.services.campaigns import DEFAULT_LOSE_WEIGHT, CampaignPlan
from app.services.entries import window_of

campaign = AppGroup("campaign", help="Plan, open, pause and close a giveaway.")


@campaign.command("create")
@click.argument("slug")
@click.option("--title", required=True, help="What the landing page is headed with.")
@click.option("--opens", metavar="ISO", help="From when people may enter; without offset in the time zone.")
@click.option("--closes", metavar="ISO", help="Until when people may enter.")
@click.option("--timezone", default="UTC", show_default=True, metavar="ZONE", help="Such as Europe/Istanbul.")
@click.option("--entries", type=one_of(EntryLimit), default=EntryLimit.ONCE.value, show_default=True)
@click.option(
    "--lose-weight", type=WEIGHT, default=DEFAULT_LOSE_WEIGHT, show_default=True, help="Weight of no win."
)
def create(
    slug: str,
    title: str,
    opens: str | None,
    closes: str | None,
    timezone: str,
    entries: str,
    lose_weight: int,
) -> None:
    """Make a draft and print its landing page."""
    plan = CampaignPlan(
        slug,
        title,
        timezone=timezone,
        opens_at=read_moment(opens, timezone, "--opens"),
        closes_at=read_moment(closes, timezone, "--closes"),
        entries=EntryLimit(entries),
    )
    made = campaigns.create(
        session(),
        plan,
        lose_weight=lose_weight,
        actor=COMMAND_LINE,
        now=tools().now(),
        rng=tools().rng,
        vault=tools().vault,
    )
    click.echo(f"{made.slug} is a draft. Add tiers and prizes, then: flask prizewell campaign open {slug}")
    click.echo(landing_link(made))


@campaign.command("list")
@click.option("--json", "as_json", is_flag=True, help="For a machine to read.")
def list_all(as_json: bool) -> None:
    """Print all campaigns, newest first."""
    now = tools().now()
    rows = [_as_row(each, now) for each in campaigns.listing(session())]
    if as_json:
        echo_json(rows)
        return
    width = max((len(row["slug"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['slug']:{width}}  {row['phase']:8}  {row['title']}")


@campaign.command("open")
@click.argument("slug")
def open_(slug: str) -> None:
    """Let people enter."""
    _set_status(slug, CampaignStatus.OPEN)


@campaign.command("pause")
@click.argument("slug")
def pause(slug: str) -> None:
    """Take no entries until it is opened again."""
    _set_status(slug, CampaignStatus.PAUSED)


@campaign.command("close")
@click.argument("slug")
def close(slug: str) -> None:
    """Take no entries any more, for good."""
    _set_status(slug, CampaignStatus.CLOSED)


def _set_status(slug: str, status: CampaignStatus) -> None:
    campaign_id = named_campaign(slug).id
    now = tools().now()
    changed = campaigns.set_status(session(), campaign_id, status, actor=COMMAND_LINE, now=now)
    click.echo(f"{slug} is {changed.status}. {landing_link(changed)}")


def _as_row(each: Campaign, now: datetime) -> dict[str, str]:
    zone = ZoneInfo(each.timezone)
    return {
        "slug": each.slug,
        "title": each.title,
        "status": each.status.value,
        "phase": phase(window_of(each), now).value,
        "opens_at": each.opens_at.astimezone(zone).isoformat() if each.opens_at else "",
        "closes_at": each.closes_at.astimezone(zone).isoformat() if each.closes_at else "",
        "timezone": each.timezone,
        "entries": each.entries.value,
        "url": landing_link(each),
    }
