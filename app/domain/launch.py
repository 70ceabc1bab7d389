"""The launch check: what stands in the way of opening a campaign, and what is worth a second look."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from app.domain.errors import Conflict, Worded
from app.domain.official_rules import Contradiction, Contradicts

TWO_FOR_A_FRIEND = 2  # codes: one for the friend, one for who brought them


class Place(StrEnum):
    """Where a finding is mended."""

    SETTINGS = "settings"
    RULES = "rules"
    PRIZES = "prizes"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class TierStock:
    """A tier as the check sees it; `offered` counts the units that are free or have been won."""

    name: str
    weight: int
    enabled: bool
    offered: int
    free: int


@dataclass(frozen=True, slots=True)
class PrizeStock:
    """A prize of a tier that is switched on."""

    name: str
    offered: int


@dataclass(frozen=True, slots=True)
class Site:
    """What the server is set up with."""

    is_local: bool
    captcha_cost: int
    least_captcha_cost: int
    sends_mail: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A campaign as it would open now; `is_first_opening` is False when it only goes on after a pause."""

    tiers: tuple[TierStock, ...]
    prizes: tuple[PrizeStock, ...]
    opens_at: datetime | None
    closes_at: datetime | None
    has_rules: bool
    has_sponsor: bool
    contradictions: tuple[Contradiction, ...] = ()
    is_first_opening: bool = True
    site: Site | None = None  # None where nobody asks about the server
    asks_for_proof: bool = False
    friends_tier: TierStock | None = None  # whose codes who brings a friend, and the friend, get
    has_referrals: bool = False


class Finding(Worded):
    """One thing that is wrong, in words; `blocks` says whether opening has to wait for it."""

    def __init__(self, place: Place, template: str, *, blocks: bool = True, **values: object) -> None:
        super().__init__(template, **values)
        self.place = place
        self.blocks = blocks


class NotReady(Conflict):
    """The campaign cannot open yet: `findings` says why."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        listed = "; ".join(map(str, findings))
        super().__init__("the campaign cannot open yet: %(problems)s", problems=listed)
        self.findings = findings


def findings(snapshot: Snapshot, now: datetime) -> tuple[Finding, ...]:
    """All that was found, what blocks first."""
    found = [
        *_about_stock(snapshot),
        *_about_friends(snapshot),
        *_about_time(snapshot, now),
        *_about_rules(snapshot),
        *(_about_site(snapshot.site, snapshot.asks_for_proof) if snapshot.site else ()),
    ]
    return tuple(sorted(found, key=lambda finding: not finding.blocks))


def blocking(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that opening has to wait for."""
    return tuple(finding for finding in found if finding.blocks)


def _about_stock(snapshot: Snapshot) -> Iterator[Finding]:
    # What sells out while people play is no mistake: after a pause it is told, and does not hold anybody up.
    blocks = snapshot.is_first_opening
    drawn = [tier for tier in snapshot.tiers if tier.enabled and tier.weight]
    if not any(tier.free for tier in drawn):
        yield Finding(
            Place.PRIZES,
            "nobody can win: switch on a tier with a weight above 0, and put codes or units into its stock",
            blocks=blocks,
        )
        return
    for tier in drawn:
        if not tier.offered:
            yield Finding(
                Place.PRIZES,
                "the tier “%(tier)s” has a chance but nothing to give: add codes, or switch it off",
                blocks=blocks,
                tier=tier.name,
            )
        elif not tier.free:
            yield Finding(Place.PRIZES, "the tier “%(tier)s” has nothing left", blocks=False, tier=tier.name)
    for prize in snapshot.prizes:
        if not prize.offered:
            yield Finding(
                Place.PRIZES,
                "the prize “%(prize)s” has no codes or units: add some, or remove it",
                blocks=blocks,
                prize=prize.name,
            )


def _about_friends(snapshot: Snapshot) -> Iterator[Finding]:
    tier = snapshot.friends_tier
    if tier is None:
        return
    if not snapshot.has_referrals:
        yield Finding(
            Place.SETTINGS,
            "friends are to get codes of the tier “%(tier)s”, and nobody can bring any: let friends earn"
            " further entries, or name no tier",
            blocks=False,
            tier=tier.name,
        )
    elif not tier.enabled or not tier.offered:
        yield Finding(
            Place.PRIZES,
            "friends are to get codes of the tier “%(tier)s”, which gives none: add codes, and switch it on;"
            " a weight of 0 keeps them for friends",
            blocks=snapshot.is_first_opening,
            tier=tier.name,
        )
    elif tier.free < TWO_FOR_A_FRIEND:
        yield Finding(
            Place.PRIZES,
            "friends are to get codes of the tier “%(tier)s”, which has too few left for one",
            blocks=False,
            tier=tier.name,
        )


def _about_time(snapshot: Snapshot, now: datetime) -> Iterator[Finding]:
    opens_at, closes_at = snapshot.opens_at, snapshot.closes_at
    if closes_at is None:
        yield Finding(Place.SETTINGS, "it has no end: it runs until somebody closes it by hand", blocks=False)
    elif opens_at is not None and closes_at <= opens_at:
        yield Finding(Place.SETTINGS, "it ends before it starts: set the end after the start")
    elif closes_at <= now:
        yield Finding(Place.SETTINGS, "its end has passed already: set a later one")


def _about_rules(snapshot: Snapshot) -> Iterator[Finding]:
    if not snapshot.has_rules:
        yield Finding(Place.RULES, "the rules say nothing in your own words: say at least who may take part")
    if not snapshot.has_sponsor:
        yield Finding(Place.SETTINGS, "nobody is named who gives the prizes", blocks=False)
    for one in snapshot.contradictions:
        yield contradicted(one)


def contradicted(one: Contradiction) -> Finding:
    """What to tell about words of the rules that the configuration does not bear out; odds block."""
    match one.about:
        case Contradicts.ODDS:
            return Finding(
                Place.RULES,
                "the rules say “%(stated)s”, and no tier has those odds: mend the text or the weights",
                stated=one.stated,
            )
        case Contradicts.DATES:
            return Finding(
                Place.RULES,
                "the rules name %(stated)s, which is neither the first day nor the last",
                blocks=False,
                stated=one.stated,
            )
        case Contradicts.NUMBERS:
            return Finding(
                Place.RULES,
                "the rules say “%(stated)s”, and that is not what is in stock",
                blocks=False,
                stated=one.stated,
            )
        case _ as unreachable:
            assert_never(unreachable)


def _about_site(site: Site, asks_for_proof: bool) -> Iterator[Finding]:
    if site.is_local:
        yield Finding(
            Place.SERVER,
            "the site has no public address: only this machine can take part. Whoever runs the server sets"
            " PRIZEWELL_PUBLIC_URL",
            blocks=False,
        )
    if site.captcha_cost < site.least_captcha_cost:
        yield Finding(
            Place.SERVER,
            "the check for humans is as good as off: set PRIZEWELL_CAPTCHA_COST to %(least)s or more",
            blocks=not site.is_local,
            least=site.least_captcha_cost,
        )
    if not site.sends_mail and asks_for_proof:
        yield Finding(
            Place.SERVER,
            "e-mail is not set up, and entrants are to prove their address by it: nobody would get a code",
        )
    elif not site.sends_mail:
        yield Finding(Place.SERVER, "e-mail is not set up: winners are told on the page alone", blocks=False)
