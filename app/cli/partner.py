"""Partners on the command line."""

import click
from flask.cli import AppGroup

from app.cli.support import figures_link, landing_link, named_campaign, named_partner, session
from app.extensions import tools
from app.models import Campaign, Partner
from app.services import partners
from app.services.audit import COMMAND_LINE

partner = AppGroup("partner", help="Those who share a campaign under a link of their own.")


@partner.command("add")
@click.argument("slug")
@click.argument("partner")
@click.option("--name", required=True, help="What pages and figures call the partner.")
def add(slug: str, partner: str, name: str) -> None:
    """Add a partner, whose address is PARTNER, and print the links."""
    campaign = named_campaign(slug)
    made = partners.add(
        session(), campaign.id, partner, name, actor=COMMAND_LINE, now=tools().now(), rng=tools().rng
    )
    _print_links(named_campaign(slug), made)


@partner.command("link")
@click.argument("slug")
@click.argument("partner")
def link(slug: str, partner: str) -> None:
    """Print the partner's landing page, and the page with the partner's own figures."""
    campaign = named_campaign(slug)
    _print_links(campaign, named_partner(campaign, partner))


def _print_links(campaign: Campaign, found: Partner) -> None:
    click.echo(f"To share  {landing_link(campaign, found)}")
    click.echo(f"Figures   {figures_link(found)}")
