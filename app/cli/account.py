"""Accounts of staff on the command line."""

import click
from flask.cli import AppGroup

from app.cli.support import one_of, session, sign_in_link
from app.domain.roles import Role
from app.extensions import tools
from app.services import accounts, second_factor
from app.services.audit import COMMAND_LINE

account = AppGroup("account", help="Staff who may sign in.")


@account.command("link")
@click.argument("email")
@click.option(
    "--role",
    type=one_of(Role),
    help="Without it a known account keeps its role, the very first becomes admin, any other viewer.",
)
def link(email: str, role: str | None) -> None:
    """Print a one-time sign-in link for EMAIL, under which a password is set; older links die."""
    known = accounts.find_by_email(session(), email)
    if role is not None:
        wanted = Role(role)
    elif known is not None:
        wanted = known.role
    else:
        wanted = Role.VIEWER if accounts.anyone_can_sign_in(session()) else Role.ADMIN
    invited = accounts.invite(
        session(), email, wanted, actor=COMMAND_LINE, now=tools().now(), rng=tools().rng
    )
    click.echo(f"{invited.email} is {invited.role}. One-time link, good for two days:")
    click.echo(sign_in_link(invited))


@account.command("reset-second-factor")
@click.argument("email")
@click.option("--reason", default="", help="Kept in the audit list.")
def reset_second_factor(email: str, reason: str) -> None:
    """Take the second factor of EMAIL away, for somebody who lost phone and recovery codes.

    Their sessions end. An admin of a site on the internet is led to a new one at the next sign-in.
    """
    reset = second_factor.reset(
        session(), email, actor=COMMAND_LINE, now=tools().now(), reason=reason.strip()[:200]
    )
    click.echo(f"{reset.email} signs in with the password alone now, and is signed out everywhere.")
