"""Winners on the command line."""

import os
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from app.adapters.csv_export import write_rows
from app.cli.support import named_campaign, session
from app.extensions import tools
from app.models import AwardStatus
from app.services import entry_forms
from app.services import winners as service
from app.services.audit import COMMAND_LINE
from app.services.winners import WinnerFilter

winners = AppGroup("winners", help="Who won what.")


@winners.command("export")
@click.argument("slug")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default="-")
@click.option(
    "--status", type=click.Choice([each.value for each in AwardStatus]), help="Only wins that stand so."
)
def export(slug: str, file: Path, status: str | None) -> None:
    """Write the winners, with their codes, as CSV to FILE or to standard output."""
    campaign = named_campaign(slug)
    zone = ZoneInfo(campaign.timezone)
    wanted = WinnerFilter(status=AwardStatus(status) if status else None)
    rows = service.export(session(), campaign.id, wanted, actor=COMMAND_LINE, now=tools().now())
    plan = entry_forms.plan_of(campaign)
    lines = write_rows(service.export_header(plan), (service.as_cells(row, zone, plan) for row in rows))
    if str(file) == "-":
        for line in lines:
            click.echo(line, nl=False)
    else:
        count = _write(file, lines) - 1
        click.echo(f"{count:,} winners in {file}")


def _write(path: Path, lines: Iterable[str]) -> int:
    """Write a file that only its owner can read: names, addresses and codes are in it. Returns the lines."""
    count = 0
    try:
        with open(path, "w", encoding="utf-8", newline="", opener=_private) as file:
            for line in lines:
                file.write(line)
                count += 1
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
    return count


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
