"""`flask prizewell serve`: from nothing, or from yesterday, to a running site in one command."""

import sys
from contextlib import nullcontext
from typing import assert_never

import click
import flask_migrate
from flask.cli import with_appcontext
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer
from sqlalchemy.engine import make_url

from app.adapters.mail import ConsoleRoute, FolderRoute, SmtpRoute
from app.cli.support import figures_link, landing_link, session, sign_in_link
from app.cli.worker import worker_beside
from app.config import ROOT, Settings
from app.domain.eligibility import Phase, phase
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Account, Campaign, Partner
from app.services import accounts, campaigns, demo, housekeeping, partners
from app.services.audit import COMMAND_LINE
from app.services.entries import window_of

WAITING_PER_THREAD = 16  # requests a process takes on before new ones wait in the kernel
STOP_SECONDS = 20  # for requests in flight, once asked to stop


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Migrate, seed a demo the first time, print where everything is, and serve on HOST and PORT."""
    settings = tools().settings
    flask_migrate.upgrade()
    now = tools().now()
    housekeeping.purge(session(), now=now)
    if not campaigns.listing(session()):
        demo.seed_demo(session(), now=now, rng=tools().rng, vault=tools().vault)
    _tell(settings)
    db.session.remove()
    db.engine.dispose()
    sys.stdout.flush()
    with worker_beside() if settings.worker else nullcontext():
        web_server(settings).serve()


def web_server(settings: Settings) -> MPServer:
    """The web server: it answers what is in flight before it stops.

    Where Python forks, its workers take over the application as it stands here and answer at once.
    """
    return MPServer(
        "wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.processes,
        blocking_threads=settings.threads,
        backpressure=settings.threads * WAITING_PER_THREAD,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        websockets=False,
        working_dir=ROOT,
        log_level=LogLevels.error,
    )


def _tell(settings: Settings) -> None:
    campaign = _campaign_to_show()
    partner = _partner_to_show(campaign) if campaign else None
    lines = [("Landing page", landing_link(campaign) if campaign else "none yet: no campaign is open")]
    if campaign and partner:
        lines += [("Partner link", landing_link(campaign, partner)), ("Its figures", figures_link(partner))]
    if accounts.anyone_can_sign_in(session()):
        lines.append(("Staff sign-in", f"{settings.public_url}/account/sign-in"))
    else:
        admin = _first_admin(settings)
        lines += [("Admin sign-in", sign_in_link(admin)), ("", f"one-time, for {admin.email}")]
    lines += [("Mail", _mail_goes(settings)), ("Data", _where(settings))]
    click.echo()
    click.echo(f"  {click.style('Prizewell', bold=True)}  {settings.public_url}")
    click.echo()
    for label, value in lines:
        click.echo(f"  {label:14} {value}")
    click.echo()
    if settings.lets_the_network_in:
        click.echo(
            f"  HOST={settings.host} lets the network in over plain HTTP: good for a try at home. Before you"
        )
        click.echo("  invite anybody, set PRIZEWELL_PUBLIC_URL to an https:// address.")
        click.echo()
    click.echo("  Ctrl-C stops it; everything is kept.")
    click.echo()


def _campaign_to_show() -> Campaign | None:
    """The newest campaign people can enter, else one that waits; none where the page would show nothing."""
    newest_first = campaigns.listing(session())
    for wanted in (Phase.LIVE, Phase.NOT_OPEN, Phase.PAUSED):
        for each in newest_first:
            if phase(window_of(each), tools().now()) is wanted:
                return each
    return None


def _partner_to_show(campaign: Campaign) -> Partner | None:
    return next(iter(partners.listing(session(), campaign.id)), None)


def _first_admin(settings: Settings) -> Account:
    """The admin the link is for, invited anew at each start until somebody has a password."""
    waiting = [
        each for each in accounts.listing(session()) if each.role is Role.ADMIN and each.disabled_at is None
    ]
    email = waiting[0].email if waiting else _admin_address(settings)
    return accounts.invite(
        session(), email, Role.ADMIN, actor=COMMAND_LINE, now=tools().now(), rng=tools().rng
    )


def _admin_address(settings: Settings) -> str:
    host = settings.public_host
    return "admin@example.org" if settings.is_local else f"admin@{host}"


def _mail_goes(settings: Settings) -> str:
    match settings.mail:
        case SmtpRoute(host=host, port=port):
            return f"through {host}:{port}"
        case FolderRoute(folder=folder):
            return f"into {folder}: set PRIZEWELL_MAIL to send it"
        case ConsoleRoute():
            return "onto this screen"
        case None:
            return "off: set PRIZEWELL_MAIL, and winners are told by mail too"
        case _ as unreachable:
            assert_never(unreachable)


def _where(settings: Settings) -> str:
    url = make_url(settings.database_url)
    return str(url.database) if settings.is_sqlite else url.render_as_string(hide_password=True)
