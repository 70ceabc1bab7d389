"""Prizes on the command line."""

import click
from flask.cli import AppGroup

from app.cli.support import REASON, WholeNumber, named_campaign, named_tier, session
from app.extensions import tools
from app.services import campaigns, prizes
from app.services.audit import COMMAND_LINE
from app.services.prizes import PrizePlan
from app.services.stock import MAX_UNITS

prize = AppGroup("prize", help="The things in a tier.")


@prize.command("add")
@click.argument("slug")
@click.argument("tier")
@click.argument("name")
@click.option(
    "--quantity",
    type=WholeNumber(0, MAX_UNITS),
    help="Units to give away; without it, a pool of codes.",
)
@REASON
def add(slug: str, tier: str, name: str, quantity: int | None, reason: str) -> None:
    """Add a prize to a tier."""
    campaign = named_campaign(slug)
    now = tools().now()
    campaigns.require_reason(campaign, now, reason)
    made = prizes.add(
        session(),
        named_tier(campaign, tier).id,
        PrizePlan(name),
        quantity=quantity,
        actor=COMMAND_LINE,
        now=now,
        rng=tools().rng,
        reason=reason,
    )
    if quantity is None:
        click.echo(f"{made.name} has no codes yet. Next: flask prizewell codes import, or codes generate")
    else:
        click.echo(f"{made.name} has {quantity:,} units.")
