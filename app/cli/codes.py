"""Codes on the command line."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import AppGroup

from app.cli.support import REASON, WholeNumber, echo_json, named_campaign, named_prize, progress, session
from app.domain.code_list import CodeList, NotText, TooManyCodes, decode_code_file, read_code_list
from app.domain.codes import LENGTHS, SYMBOLS
from app.extensions import tools
from app.models import Prize
from app.services import campaigns
from app.services import codes as service
from app.services.audit import COMMAND_LINE
from app.services.codes import ImportReport
from app.services.stock import MAX_UNITS

codes = AppGroup("codes", help="The pool of unique codes behind a prize.")

_SHOWN = 20


@codes.command("import")
@click.argument("slug")
@click.argument("prize")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True, help="For a machine to read.")
@REASON
def import_(slug: str, prize: str, file: BinaryIO, dry_run: bool, as_json: bool, reason: str) -> None:
    """Put the codes of FILE ("-" reads standard input) into the prize's pool: all of them, or none.

    One code a line, or a CSV with a column called code.
    """
    campaign = named_campaign(slug)
    found = named_prize(campaign, prize)
    if not dry_run:
        campaigns.require_reason(campaign, tools().now(), reason)
    report = _import(found, _read(file), dry_run, _name_of(file), reason)
    if as_json:
        echo_json(_as_json(report, dry_run))
    else:
        _tell(report, found, dry_run)
    if not report.ok:
        if not as_json:
            click.echo("Error: nothing was written; put the lines above right and try again.", err=True)
        raise click.exceptions.Exit(1)


@codes.command("generate")
@click.argument("slug")
@click.argument("prize")
@click.argument("count", type=WholeNumber(1, MAX_UNITS))
@click.option("--prefix", default="", help="Stands in front of each code, such as SUMMER.")
@click.option(
    "--length",
    type=click.Choice([str(length) for length in LENGTHS]),
    default=str(SYMBOLS),
    show_default=True,
    help="Symbols without the prefix; short ones only for a few codes.",
)
@REASON
def generate(slug: str, prize: str, count: int, prefix: str, length: str, reason: str) -> None:
    """Make COUNT new codes for the prize."""
    campaign = named_campaign(slug)
    found = named_prize(campaign, prize)
    now = tools().now()
    campaigns.require_reason(campaign, now, reason)
    with progress(count, "Making codes") as watch:
        service.generate_codes(
            session(),
            found.id,
            count,
            prefix=prefix,
            length=int(length),
            actor=COMMAND_LINE,
            now=now,
            rng=tools().rng,
            progress=watch,
            reason=reason,
        )
    click.echo(f"{count:,} codes for {prize}.")


@codes.command("export")
@click.argument("slug")
@click.argument("prize")
def export(slug: str, prize: str) -> None:
    """Print the prize's free codes, one a line."""
    found = named_prize(named_campaign(slug), prize)
    for code in service.export_free(session(), found.id, actor=COMMAND_LINE, now=tools().now()):
        click.echo(code)


def _name_of(file: BinaryIO) -> str:
    """What the batch is called; nothing when it comes from standard input."""
    name = Path(str(getattr(file, "name", ""))).name
    return "" if name == "<stdin>" else name


def _read(file: BinaryIO) -> CodeList:
    try:
        return read_code_list(decode_code_file(file))
    except (NotText, TooManyCodes) as error:
        raise click.ClickException(f"{error} Nothing was written.") from error


def _import(prize: Prize, code_list: CodeList, dry_run: bool, file_name: str, reason: str) -> ImportReport:
    if dry_run:
        return service.check_import(session(), prize.id, code_list)
    with progress(len(code_list.codes), "Importing codes") as watch:
        return service.import_codes(
            session(),
            prize.id,
            code_list,
            file_name=file_name,
            actor=COMMAND_LINE,
            now=tools().now(),
            rng=tools().rng,
            progress=watch,
            reason=reason,
        )


def _tell(report: ImportReport, prize: Prize, dry_run: bool) -> None:
    act = "to import" if dry_run or not report.ok else "imported"
    click.echo(f"{report.new:,} new codes {act} for {prize.name}")
    if report.returning:
        click.echo(f"{report.returning:,} withdrawn before anybody won them, which come back")
    names = {each.id: each.slug for each in campaigns.listing(session())} if report.elsewhere else {}
    faults = (
        ("known in this campaign", [str(line) for line in report.known]),
        ("known in another campaign", [f"{line} ({names[owner]})" for line, owner in report.elsewhere]),
        (
            "twice in the file",
            [f"{fault.line} (first in line {fault.first_line})" for fault in report.duplicates],
        ),
        ("malformed", [f"{fault.line} ({fault.reason})" for fault in report.malformed]),
    )
    for what, lines in faults:
        if lines:
            click.echo(f"{len(lines):,} {what}: line {_some(lines)}", err=True)
    if not report.ok and not any(lines for _, lines in faults):
        click.echo("the file holds no codes", err=True)


def _some(lines: Iterable[str]) -> str:
    shown = list(lines)
    more = f" and {len(shown) - _SHOWN:,} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more


def _as_json(report: ImportReport, dry_run: bool) -> dict[str, object]:
    return {
        "ok": report.ok,
        "written": report.ok and not dry_run,
        "new": report.new,
        "returning": report.returning,
        "known": list(report.known),
        "elsewhere": [line for line, _owner in report.elsewhere],
        "duplicates": [fault._asdict() for fault in report.duplicates],
        "malformed": [fault._asdict() for fault in report.malformed],
    }
