"""Tiers on the command line."""

from collections.abc import Callable
from datetime import datetime

import click
from flask.cli import AppGroup

from app.cli.support import (
    WEIGHT,
    WholeNumber,
    named_campaign,
    named_tier,
    one_of,
    read_moment,
    session,
)
from app.domain.errors import InvalidInput
from app.domain.odds import InvalidOdds, Limits, OnEmpty
from app.extensions import tools
from app.services import campaigns, odds, tiers
from app.services.audit import COMMAND_LINE
from app.services.tiers import MAX_LIMIT, TierPlan

COUNT = WholeNumber(1, MAX_LIMIT)

tier = AppGroup("tier", help="The weighted levels of reward.")


def _limits(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a tier's limits."""
    options = (
        click.option("--per-hour", type=COUNT, help="At most so many in an hour."),
        click.option("--per-day", type=COUNT, help="At most so many on a day of the campaign's zone."),
        click.option("--in-all", type=COUNT, help="At most so many in all."),
        click.option("--per-person", type=COUNT, help="At most so many to one person."),
        click.option("--opens", metavar="TIME", help="Gives nothing before, in the campaign's zone."),
        click.option("--closes", metavar="TIME", help="Gives nothing from then on."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@tier.command("add")
@click.argument("slug")
@click.argument("name")
@click.option(
    "--weight", type=WEIGHT, required=True, help="Its tickets, among those of all tiers and no win."
)
@click.option("--on-empty", type=one_of(OnEmpty), help="What a hit gets when it has nothing to give.")
@click.option("--fallback", metavar="NAME", help="The tier to fall back to.")
@_limits
@click.option("--reason", default="", help="Why; has to be given while people are entering.")
def add(
    slug: str,
    name: str,
    weight: int,
    on_empty: str | None,
    fallback: str | None,
    opens: str | None,
    closes: str | None,
    reason: str,
    **counts: int | None,
) -> None:
    """Add a tier at the end of the draw order and print its odds."""
    if fallback is None and on_empty == OnEmpty.FALLBACK:
        raise click.UsageError("--on-empty fallback needs --fallback NAME.")
    if fallback is not None and on_empty not in {None, OnEmpty.FALLBACK}:
        raise click.UsageError("--fallback needs --on-empty fallback, or no --on-empty.")
    campaign = named_campaign(slug)
    fallback_id = named_tier(campaign, fallback).id if fallback is not None else None
    rule = OnEmpty(on_empty or OnEmpty.LOSE) if fallback is None else OnEmpty.FALLBACK
    opens_at = _moment(opens, campaign.timezone, "--opens")
    closes_at = _moment(closes, campaign.timezone, "--closes")
    try:
        limits = Limits(**counts, opens_at=opens_at, closes_at=closes_at)
    except InvalidOdds as error:
        raise InvalidInput.of("closes", error) from error
    plan = TierPlan(name, weight, on_empty=rule, fallback_id=fallback_id, limits=limits)
    now = tools().now()
    campaigns.require_reason(campaign, now, reason)
    made = tiers.add(
        session(), campaign.id, plan, actor=COMMAND_LINE, now=now, rng=tools().rng, reason=reason
    )
    total = odds.in_force(session(), named_campaign(slug)).total
    click.echo(f"{made.name} has {weight:,} of {total:,} tickets.")


def _moment(text: str | None, zone: str, option: str) -> datetime | None:
    """In whole seconds, as the odds table holds it."""
    moment = read_moment(text, zone, option)
    return moment.replace(microsecond=0) if moment else None
