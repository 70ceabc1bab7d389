"""The demo campaign on the command line."""

import click
from flask.cli import with_appcontext

from app.cli.support import landing_link, named_partner, session
from app.extensions import tools
from app.services.demo import PARTNER, seed_demo


@click.command("demo")
@with_appcontext
def demo() -> None:
    """Make the open demo campaign in an empty installation and print its links."""
    made = seed_demo(session(), now=tools().now(), rng=tools().rng, vault=tools().vault)
    click.echo(landing_link(made))
    click.echo(landing_link(made, named_partner(made, PARTNER)))
