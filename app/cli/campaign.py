"""Campaigns on the command line."""

from dataclasses import replace
from datetime import datetime
from typing import Any, BinaryIO, TextIO
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from app.cli.support import WEIGHT, echo_json, landing_link, named_campaign, one_of, read_moment, session
from app.domain.eligibility import CampaignStatus, EntryLimit, phase, stage
from app.domain.launch import blocking, contradicted
from app.domain.official_rules import contradictions
from app.extensions import tools
from app.models import Campaign
from app.services import campaign_file, campaigns, duplicate, launch_check, official_rules
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
@click.option("--sponsor", default="", help="Who gives the prizes.")
@click.option("--who", default="", help="Who may take part, in your own words; part of the rules.")
@click.option("--rules", type=click.File(encoding="utf-8"), help="A text file with what else the rules say.")
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
    sponsor: str,
    who: str,
    rules: TextIO | None,
    lose_weight: int,
) -> None:
    """Make a draft and print its landing page."""
    plan = CampaignPlan(
        slug,
        title,
        sponsor=sponsor,
        eligibility=who,
        rules=_text_of(rules),
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


@campaign.command("rules")
@click.argument("slug")
@click.option("--who", help="Who may take part, in your own words.")
@click.option("--rules", type=click.File(encoding="utf-8"), help="A text file with what else the rules say.")
@click.option("--sponsor", help="Who gives the prizes.")
def set_rules(slug: str, who: str | None, rules: TextIO | None, sponsor: str | None) -> None:
    """Change your own words in the official rules; dates, prizes and odds are added by themselves."""
    stored = named_campaign(slug)
    plan = campaigns.plan_of(stored)
    plan = replace(
        plan,
        eligibility=plan.eligibility if who is None else who,
        rules=plan.rules if rules is None else _text_of(rules),
        sponsor=plan.sponsor if sponsor is None else sponsor,
    )
    now = tools().now()
    edited = campaigns.edit(
        session(), stored.id, plan, expected_version=stored.version, actor=COMMAND_LINE, now=now
    )
    for one in contradictions(official_rules.facts_now(session(), edited)):
        click.echo(f"Note: {contradicted(one)}.", err=True)
    click.echo(f"{landing_link(edited)}/rules")


@campaign.command("check")
@click.argument("slug")
def check(slug: str) -> None:
    """Say what stands in the way of opening, and what is worth a look; exit 1 while something blocks."""
    found = launch_check.check(session(), named_campaign(slug), now=tools().now(), site=tools().site)
    for finding in found:
        click.echo(f"{'BLOCKS' if finding.blocks else 'look at'}  {finding}")
    if blocking(found):
        raise SystemExit(1)
    click.echo(f"{slug} can open.")


@campaign.command("duplicate")
@click.argument("slug")
@click.argument("new_slug")
@click.option("--title", help="The title of the copy; the same title where it is left out.")
def duplicate_(slug: str, new_slug: str, title: str | None) -> None:
    """Copy a campaign with its tiers and prizes, without codes, dates, partners and entries."""
    made = duplicate.duplicate(
        session(), named_campaign(slug).id, slug=new_slug, title=title, vault=tools().vault, **_trail()
    )
    click.echo(f"{made.slug} is a draft. {landing_link(made)}")


@campaign.command("export")
@click.argument("slug")
@click.argument("file", type=click.File("wb"))
@click.option("--with-codes", is_flag=True, help="Also the free codes. They are secrets: keep the file safe.")
def export(slug: str, file: BinaryIO, with_codes: bool) -> None:
    """Write the whole campaign into one file: texts, window, tiers, prizes, partners."""
    document = campaign_file.export(
        session(),
        named_campaign(slug).id,
        with_codes=with_codes,
        store=tools().pictures,
        actor=COMMAND_LINE,
        now=tools().now(),
    )
    file.write(document.encode())


@campaign.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--slug", help="Another address than the one in the file.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made.")
def import_(file: BinaryIO, slug: str | None, dry_run: bool) -> None:
    """Make a campaign from such a file, all of it or nothing; it begins as a draft."""
    content = campaign_file.read(file.read(campaign_file.MAX_BYTES + 1))
    content = campaign_file.with_pictures(content, tools().pictures)
    act = campaign_file.check_import if dry_run else campaign_file.import_campaign
    made = act(session(), content, slug=slug, vault=tools().vault, **_trail())
    click.echo(
        f"{'Would make' if dry_run else 'Made'} {made.slug}: {made.tiers:,} tiers, {made.prizes:,} prizes,"
        f" {made.units:,} units, {made.codes:,} codes, {made.partners:,} partners"
    )


@campaign.command("archive")
@click.argument("slug")
def archive(slug: str) -> None:
    """Put a campaign that is over, or a draft, out of the lists; nothing is deleted."""
    campaigns.archive(session(), named_campaign(slug).id, actor=COMMAND_LINE, now=tools().now())
    click.echo(f"{slug} is archived.")


@campaign.command("unarchive")
@click.argument("slug")
def unarchive(slug: str) -> None:
    """Bring an archived campaign back into the lists."""
    campaigns.unarchive(session(), named_campaign(slug).id, actor=COMMAND_LINE, now=tools().now())
    click.echo(f"{slug} is in the list again.")


@campaign.command("list")
@click.option("--json", "as_json", is_flag=True, help="For a machine to read.")
@click.option("--archived", is_flag=True, help="Those that were put away.")
def list_all(as_json: bool, archived: bool) -> None:
    """Print the campaigns, newest first; the archived ones apart."""
    now = tools().now()
    rows = [_as_row(each, now) for each in campaigns.listing(session(), archived=archived)]
    if as_json:
        echo_json(rows)
        return
    width = max((len(row["slug"]) for row in rows), default=0)
    for row in rows:
        click.echo(f"{row['slug']:{width}}  {row['stage']:9}  {row['title']}")


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
    changed = campaigns.set_status(
        session(), campaign_id, status, actor=COMMAND_LINE, now=now, site=tools().site
    )
    click.echo(f"{slug} is {changed.status}. {landing_link(changed)}")


def _trail() -> dict[str, Any]:
    return {"actor": COMMAND_LINE, "now": tools().now(), "rng": tools().rng}


def _text_of(file: TextIO | None) -> str:
    try:
        return file.read() if file else ""
    except UnicodeDecodeError as error:
        raise click.BadParameter("the file is not UTF-8 text.", param_hint="--rules") from error


def _as_row(each: Campaign, now: datetime) -> dict[str, str]:
    zone = ZoneInfo(each.timezone)
    return {
        "slug": each.slug,
        "title": each.title,
        "status": each.status.value,
        "phase": phase(window_of(each), now).value,
        "stage": stage(window_of(each), now, is_archived=each.archived_at is not None).value,
        "opens_at": each.opens_at.astimezone(zone).isoformat() if each.opens_at else "",
        "closes_at": each.closes_at.astimezone(zone).isoformat() if each.closes_at else "",
        "timezone": each.timezone,
        "entries": each.entries.value,
        "url": landing_link(each),
    }
