"""Figures on the command line."""

import click
from flask.cli import AppGroup

from app.cli.support import named_campaign, session
from app.extensions import tools
from app.services import campaigns, rollups, shoppers

figures = AppGroup("figures", help="What is added up by day, for the pages that show it.")


@figures.command("rebuild")
@click.argument("slug", required=False)
def rebuild(slug: str | None) -> None:
    """Add all days up anew, of one campaign or of all. Pages show the old sums until then."""
    chosen = [named_campaign(slug)] if slug else campaigns.listing(session())
    for campaign_id, name in [(campaign.id, campaign.slug) for campaign in chosen]:
        days = rollups.roll(session(), campaign_id, now=tools().now(), anew=True)
        click.echo(f"{name}: {days:,} days added up")
    shoppers.roll(session(), now=tools().now())
