"""What shops need, on the command line: API keys, counters, imports of redemptions."""

from datetime import timedelta
from pathlib import Path

import click
from flask.cli import AppGroup

from app.cli.support import REASON, named_campaign, one_of, session
from app.domain.errors import NotFound
from app.domain.scopes import Scope
from app.extensions import tools
from app.models import RedemptionSource
from app.services import api_keys, locations, redemption_imports
from app.services.api_keys import KeyPlan
from app.services.audit import COMMAND_LINE
from app.services.locations import LocationPlan
from app.services.redemption_imports import Report
from app.services.redemptions import Till

shop = AppGroup("shop", help="API keys, counters, and redemptions of shops.")

CAMPAIGN = click.option("--campaign", help="Only of this campaign; without it, of all.")


@shop.command("key-create")
@click.argument("name")
@click.option("--scope", "scopes", type=one_of(Scope), multiple=True, required=True)
@CAMPAIGN
@click.option("--days", type=click.IntRange(1, 3650), help="Good for so many days; without it until revoked.")
def key_create(name: str, scopes: tuple[str, ...], campaign: str | None, days: int | None) -> None:
    """Make an API key and print it: it is shown only now."""
    now = tools().now()
    plan = KeyPlan(
        name,
        frozenset(Scope(word) for word in scopes),
        named_campaign(campaign).id if campaign else None,
        now + timedelta(days=days) if days else None,
    )
    _key, text = api_keys.create(session(), plan, actor=COMMAND_LINE, now=now, rng=tools().rng)
    click.echo(text)


@shop.command("key-revoke")
@click.argument("prefix")
@REASON
def key_revoke(prefix: str, reason: str) -> None:
    """Revoke the API key that begins with PREFIX (pzk_ and eight signs), at once and for good."""
    key = api_keys.find_by_prefix(session(), prefix)
    if key is None:
        raise NotFound("no key begins like this")
    api_keys.revoke(session(), key.id, actor=COMMAND_LINE, now=tools().now(), reason=reason)
    click.echo(f"{key.name} is revoked.")


@shop.command("keys")
def keys() -> None:
    """List the API keys."""
    now = tools().now()
    for key in api_keys.listing(session()):
        state = "good" if api_keys.is_good(key, now) else "over"
        click.echo(f"{key.prefix}  {state}  {key.name}  {key.scopes}")


@shop.command("counter-add")
@click.argument("name")
@click.option("--pin", prompt=True, hide_input=True, confirmation_prompt=True, help="6 to 12 digits.")
@click.option("--currency", default="", help="Ask for the value of the order, in this currency.")
@CAMPAIGN
def counter_add(name: str, pin: str, currency: str, campaign: str | None) -> None:
    """Add a counter called NAME and print the address of its page."""
    plan = LocationPlan(name, named_campaign(campaign).id if campaign else None, currency)
    made = locations.add(session(), plan, pin, actor=COMMAND_LINE, now=tools().now(), rng=tools().rng)
    click.echo(f"{tools().settings.public_url}/counter/{made.id.hex}")


@shop.command("import-redemptions")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@CAMPAIGN
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@REASON
def import_redemptions(file: Path, campaign: str | None, dry_run: bool, reason: str) -> None:
    """Redeem the codes a CSV FILE lists: all of them, or none when a line cannot be taken in."""
    till = Till(
        RedemptionSource.IMPORT, COMMAND_LINE, campaign_id=named_campaign(campaign).id if campaign else None
    )
    now = tools().now()
    try:
        with file.open(encoding="utf-8-sig", newline="") as rows:
            listed = redemption_imports.read(rows, now)
    except UnicodeDecodeError as error:
        raise click.ClickException("the file is not UTF-8 text") from error
    report = redemption_imports.check(session(), listed, till, now=now)
    _print(report)
    if not report.ok:
        raise click.ClickException("nothing was imported: some lines cannot be taken in")
    if not dry_run:
        redemption_imports.take_in(session(), listed, till, now=now, rng=tools().rng, reason=reason)
        click.echo("Imported.")


def _print(report: Report) -> None:
    for label, lines in (
        ("new", report.new),
        ("already on record", report.already),
        ("unknown", report.unknown),
        ("used or expired", report.refused),
    ):
        shown = ", ".join(map(str, lines[:10])) + ("…" if len(lines) > 10 else "")
        click.echo(f"{label:<18} {len(lines):>6}" + (f"  lines {shown}" if lines else ""))
    for number, why in report.malformed[:20]:
        click.echo(f"line {number}: {why}")
