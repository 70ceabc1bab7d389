"""The self-check on the command line."""

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from app.cli.support import echo_json, session
from app.extensions import tools
from app.services.check import Finding
from app.services.check import check as find


@click.command("check")
@click.argument("slug", required=False)
@click.option("--json", "as_json", is_flag=True, help="For a machine to read.")
@with_appcontext
def check(slug: str | None, as_json: bool) -> None:
    """Test on the live data that every promise holds, over one campaign or all; exit 0 only when all do."""
    findings = []
    for finding in find(session(), tools().vault, slug):
        findings.append(finding)
        if not as_json:
            _tell(finding)
    ok = all(finding.ok for finding in findings)
    if as_json:
        echo_json({"ok": ok, "findings": [asdict(finding) for finding in findings]})
    if not ok:
        raise click.exceptions.Exit(1)


def _tell(finding: Finding) -> None:
    word = click.style("ok", fg="green") if finding.ok else click.style("FAULT", fg="red", bold=True)
    pad = " " * (5 - len("ok" if finding.ok else "FAULT"))
    click.echo(f"{word}{pad}  {finding.name:9}  {finding.count:>9,}  {finding.detail}")
