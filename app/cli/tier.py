"""Tiers on the command line."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime
from uuid import UUID

import click
from flask.cli import AppGroup

from app.cli.support import (
    REASON,
    WEIGHT,
    WholeNumber,
    named_campaign,
    named_tier,
    one_of,
    read_moment,
    session,
)
from app.domain.errors import InvalidInput
from app.domain.odds import NO_LIMITS, InvalidOdds, Limits, OnEmpty
from app.extensions import tools
from app.models import Campaign
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
@REASON
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
    campaign = named_campaign(slug)
    rule, fallback_id = _when_empty(campaign, on_empty, fallback) or (OnEmpty.LOSE, None)
    limits = _limited(NO_LIMITS, campaign, counts, {"opens": opens, "closes": closes})
    plan = TierPlan(name, weight, on_empty=rule, fallback_id=fallback_id, limits=limits)
    now = tools().now()
    campaigns.require_reason(campaign, now, reason)
    made = tiers.add(
        session(), campaign.id, plan, actor=COMMAND_LINE, now=now, rng=tools().rng, reason=reason
    )
    total = odds.in_force(session(), named_campaign(slug)).total
    click.echo(f"{made.name} has {weight:,} of {total:,} tickets.")


@tier.command("edit")
@click.argument("slug")
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="Another name.")
@click.option("--weight", type=WEIGHT, help="Its tickets, among those of all tiers and no win.")
@click.option("--on/--off", "enabled", default=None, help="In the draw, or out of it.")
@click.option("--on-empty", type=one_of(OnEmpty), help="What a hit gets when it has nothing to give.")
@click.option("--fallback", metavar="NAME", help="The tier to fall back to.")
@_limits
@click.option(
    "--without",
    type=click.Choice([field.name.removesuffix("_at").replace("_", "-") for field in fields(Limits)]),
    multiple=True,
    help="Lift this limit; may be given several times.",
)
@REASON
def edit(
    slug: str,
    name: str,
    new_name: str | None,
    weight: int | None,
    enabled: bool | None,
    on_empty: str | None,
    fallback: str | None,
    opens: str | None,
    closes: str | None,
    without: tuple[str, ...],
    reason: str,
    **counts: int | None,
) -> None:
    """Change what is given of a tier, leave the rest as it is, and print its odds."""
    campaign = named_campaign(slug)
    found = named_tier(campaign, name)
    plan = TierPlan.of(found)
    lifted = replace(plan.limits, **dict.fromkeys(map(_limit_of, without)))
    rule = _when_empty(campaign, on_empty, fallback) or (plan.on_empty, plan.fallback_id)
    plan = TierPlan(
        plan.name if new_name is None else new_name,
        plan.weight if weight is None else weight,
        plan.enabled if enabled is None else enabled,
        *rule,
        _limited(lifted, campaign, counts, {"opens": opens, "closes": closes}),
    )
    now = tools().now()
    campaigns.require_reason(campaign, now, reason)
    saved = tiers.edit(session(), found.id, plan, actor=COMMAND_LINE, now=now, reason=reason)
    total = odds.in_force(session(), named_campaign(slug)).total
    tickets = saved.weight if saved.enabled else 0
    click.echo(f"{saved.name} has {tickets:,} of {total:,} tickets.")


def _when_empty(
    campaign: Campaign, on_empty: str | None, fallback: str | None
) -> tuple[OnEmpty, UUID | None] | None:
    """What the two options say together; None where neither is given."""
    if fallback is None and on_empty == OnEmpty.FALLBACK:
        raise click.UsageError("--on-empty fallback needs --fallback NAME.")
    if fallback is not None and on_empty not in {None, OnEmpty.FALLBACK}:
        raise click.UsageError("--fallback needs --on-empty fallback, or no --on-empty.")
    if fallback is not None:
        return OnEmpty.FALLBACK, named_tier(campaign, fallback).id
    return (OnEmpty(on_empty), None) if on_empty else None


def _limited(
    limits: Limits, campaign: Campaign, counts: dict[str, int | None], times: dict[str, str | None]
) -> Limits:
    """The limits with those that are given. Raises InvalidInput."""
    given = {name: count for name, count in counts.items() if count is not None}
    moments = {
        _limit_of(name): _moment(text, campaign.timezone, f"--{name}")
        for name, text in times.items()
        if text is not None
    }
    try:
        return replace(limits, **given, **moments)  # type: ignore[arg-type]  # each by its name
    except InvalidOdds as error:
        raise InvalidInput.of("closes", error) from error


def _limit_of(option: str) -> str:
    """The limit that an option sets."""
    name = option.replace("-", "_")
    return f"{name}_at" if name in {"opens", "closes"} else name


def _moment(text: str | None, zone: str, option: str) -> datetime | None:
    """In whole seconds, as the odds table holds it."""
    moment = read_moment(text, zone, option)
    return moment.replace(microsecond=0) if moment else None
