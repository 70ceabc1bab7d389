"""Webhooks on the command line: which other systems are told of what."""

from uuid import UUID

import click
from flask.cli import AppGroup

from app.cli.support import one_of, session
from app.domain.errors import NotFound
from app.domain.events import CHOOSABLE, EventType
from app.extensions import tools
from app.models import WebhookEndpoint
from app.services import campaigns, webhook_endpoints
from app.services.audit import COMMAND_LINE
from app.services.webhook_endpoints import EndpointPlan

webhook = AppGroup("webhook", help="Other systems that are told what happens.")


@webhook.command("list")
def listing() -> None:
    """Print the endpoints: id, on or off, campaign, address, events, and what waits or failed."""
    counts = webhook_endpoints.counts(session())
    slugs = {each.id: each.slug for each in campaigns.listing(session())}
    for endpoint in webhook_endpoints.listing(session()):
        state = "on" if endpoint.off_because is None else f"off ({endpoint.off_because})"
        where = slugs[endpoint.campaign_id] if endpoint.campaign_id else "all campaigns"
        count = counts.get(endpoint.id, webhook_endpoints.Counts())
        told = f"{count.sent} told, {count.waiting} waiting, {count.failed} failed"
        told = f"{count.sent} told, {count.waiting} waiting, {count.failed} failed"
        click.echo(f"{endpoint.id.hex}\t{state}\t{where}\t{endpoint.url}\t{endpoint.events.strip()}\t{told}")


@webhook.command("add")
@click.argument("url")
@click.option("--campaign", "slug", help="Only of this campaign; without it of all, those to come too.")
@click.option(
    "--event", "events", multiple=True, type=one_of(EventType), help="Again for each; without: all."
)
@click.option("--with-codes", is_flag=True, help="Tell the codes that were won, too.")
def add(url: str, slug: str | None, events: tuple[str, ...], with_codes: bool) -> None:
    """Have URL told of events, and print the secret its calls are signed with: it is shown only now."""
    campaign = campaigns.get(session(), slug) if slug else None
    chosen = frozenset(map(EventType, events)) or frozenset(CHOOSABLE)
    endpoint, secret = webhook_endpoints.add(
        session(),
        EndpointPlan(url, chosen, campaign.id if campaign else None, with_codes),
        caller=tools().calls.caller,
        vault=tools().calls.vault,
        actor=COMMAND_LINE,
        now=tools().now(),
        rng=tools().rng,
    )
    click.echo(f"{endpoint.id.hex}\t{secret}")


@webhook.command("remove")
@click.argument("endpoint")
def remove(endpoint: str) -> None:
    """Tell ENDPOINT (its id, as `list` prints it) nothing any more, and forget its secret."""
    gone = webhook_endpoints.remove(session(), _named(endpoint).id, actor=COMMAND_LINE, now=tools().now())
    click.echo(f"{gone.url} is told nothing any more.")


def _named(text: str) -> WebhookEndpoint:
    try:
        return webhook_endpoints.get(session(), UUID(hex=text))
    except ValueError:
        raise NotFound("there is no such endpoint") from None
