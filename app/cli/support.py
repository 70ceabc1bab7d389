"""What several commands need: finding things by name, reading moments and numbers, links, progress."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from sqlalchemy.orm import Session

from app.adapters.links import Links
from app.adapters.tokens import Purpose
from app.domain.errors import NotFound
from app.domain.moments import NoSuchTime, TwiceTime, moment_of
from app.domain.odds import MAX_WEIGHT
from app.extensions import db, tools
from app.models import Account, Campaign, Partner, Prize, Tier
from app.services import accounts, campaigns, partners, prizes, tiers


class WholeNumber(click.ParamType[int]):
    """A whole number from `least` to `most`, written in plain digits."""

    name = "number"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error that says which numbers will do."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        # Length first: turning a million digits into a number takes long.
        if text.isascii() and text.isdigit() and len(text) <= 20 and self._least <= int(text) <= self._most:
            return int(text)
        allowed = f"a whole number from {self._least:,} to {self._most:,}"
        raise click.BadParameter(f"{text[:40]!r} is not {allowed}.", ctx, param)


def one_of(words: type[StrEnum]) -> "click.Choice[str]":
    """One of the words of an enumeration, in small letters as they are stored."""
    return click.Choice([word.value for word in words])


WEIGHT = WholeNumber(0, MAX_WEIGHT)


REASON = click.option("--reason", default="", help="Why; has to be given while people are entering.")


def session() -> Session:
    """The session of this command."""
    return db.session()


def named_campaign(slug: str) -> Campaign:
    """The campaign of that slug. Raises NotFound."""
    return campaigns.get(session(), slug)


def named_tier(campaign: Campaign, name: str) -> Tier:
    """The campaign's tier of that name. Raises NotFound, telling which there are."""
    found = tiers.find_by_name(session(), campaign.id, name)
    if found is None:
        there = [tier.name for tier in tiers.listing(session(), campaign.id)]
        raise NotFound(f"{campaign.slug} has no tier called {name!r}; {_there_are(there)}")
    return found


def named_prize(campaign: Campaign, name: str) -> Prize:
    """The campaign's prize of that name. Raises NotFound, telling which there are."""
    found = prizes.find_by_name(session(), campaign.id, name)
    if found is None:
        there = [prize.name for prize in prizes.listing(session(), campaign.id)]
        raise NotFound(f"{campaign.slug} has no prize called {name!r}; {_there_are(there)}")
    return found


def named_partner(campaign: Campaign, slug: str) -> Partner:
    """The campaign's partner of that slug. Raises NotFound, telling which there are."""
    found = partners.find(session(), campaign.id, slug)
    if found is None:
        there = [partner.slug for partner in partners.listing(session(), campaign.id)]
        raise NotFound(f"{campaign.slug} has no partner called {slug!r}; {_there_are(there)}")
    return found


def _there_are(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return f"there are {shown}" if names else "there are none yet"


def read_moment(text: str | None, zone: str, option: str) -> datetime | None:
    """The moment an ISO text means, without an offset in that time zone. Raises click.BadParameter."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not an ISO date and time such as 2027-01-31T18:00.", param_hint=option
        ) from None
    if moment.tzinfo is not None:
        return moment
    try:
        return moment_of(moment, ZoneInfo(zone))
    except NoSuchTime as error:
        raise click.BadParameter(
            f"the clocks jump over {text} in {zone}; the next time after it is {error.instead.isoformat()}.",
            param_hint=option,
        ) from error
    except TwiceTime as error:
        raise click.BadParameter(
            f"{text} comes twice in {zone}; write {error.first.isoformat()} or {error.second.isoformat()}.",
            param_hint=option,
        ) from error
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(
            f"{zone!r} is no known time zone; use one such as Europe/Istanbul.", param_hint="--timezone"
        ) from None


def landing_link(campaign: Campaign, partner: Partner | None = None) -> str:
    """Where people enter, also through a partner."""
    page = f"{tools().settings.public_url}/c/{campaign.slug}"
    return f"{page}/via/{partner.slug}" if partner else page


def figures_link(partner: Partner) -> str:
    """A one-time link to the partner's own figures."""
    links = Links(tools().settings.public_url, tools().signer)
    return links.partner(partner.id, partner.link_counter, tools().now())


def sign_in_link(account: Account) -> str:
    """The one-time link under which the account chooses its password."""
    token = tools().signer.sign(Purpose.SIGN_IN, accounts.link_payload(account), tools().now())
    return f"{tools().settings.public_url}/account/link/{token}"


@contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error where somebody watches it; gives what to call with the number done, or None."""
    if not _is_watched():
        yield None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        # A unit of work that is run again counts from its start again.
        yield lambda done: bar.update(max(0, done - bar.pos))


def _is_watched() -> bool:
    return sys.stderr.isatty()


def echo_json(value: object) -> None:
    """Print the value for a machine to read."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
