"""Tiers on the command line."""

import click
from flask.cli import AppGroup

from app.cli.support import WEIGHT, named_campaign, named_tier, one_of, session
from app.domain.odds import OnEmpty
from app.extensions import tools
from app.services import odds, tiers
from app.services.audit import COMMAND_LINE
from app.services.tiers import TierPlan

tier = AppGroup("tier", help="The weighted levels of reward.")


@tier.command("add")
@click.argument("slug")
@click.argument("name")
@click.option(
    "--weight", type=WEIGHT, required=True, help="Its tickets, among those of all tiers and no win."
)
@click.option("--on-empty", type=one_of(OnEmpty), help="What a hit gets when nothing is left.")
@click.option("--fallback", metavar="NAME", help="The tier to fall back to.")
def add(slug: str, name: str, weight: int, on_empty: str | None, fallback: str | None) -> None:
    """Add a tier at the end of the draw order and print its odds."""
    if fallback is None and on_empty == OnEmpty.FALLBACK:
        raise click.UsageError("--on-empty fallback needs --fallback NAME.")
    if fallback is not None and on_empty == OnEmpty.LOSE:
        raise click.UsageError("--fallback needs --on-empty fallback, or no --on-empty.")
    campaign = named_campaign(slug)
    fallback_id = named_tier(campaign, fallback).id if fallback is not None else None
    rule = OnEmpty.LOSE if fallback is None else OnEmpty.FALLBACK
    plan = TierPlan(name, weight, on_empty=rule, fallback_id=fallback_id)
    made = tiers.add(session(), campaign.id, plan, actor=COMMAND_LINE, now=tools().now(), rng=tools().rng)
    total = odds.in_force(session(), named_campaign(slug)).total
    click.echo(f"{made.name} has {weight:,} of {total:,} tickets.")
