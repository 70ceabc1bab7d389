"""Check: whether every promise holds on the data as it stands. Reads only, in one snapshot, row by row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.adapters.seeds import SeedVault
from app.services import campaigns
from app.services.check.counts import check_caps, check_counts
from app.services.check.entries import check_entries, check_limits, check_nonces
from app.services.check.figures import check_figures
from app.services.check.messages import check_messages
from app.services.check.odds import check_odds, check_seeds
from app.services.check.redemptions import check_redemptions
from app.services.check.replacements import check_replacements
from app.services.check.stock import check_codes, check_stock
from app.services.check.tally import EXAMPLES, Subject, Tally


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise: whether it holds, over how many things, and what is wrong where it does not.

    `detail` is the promise while it holds, else the first faults.
    """

    name: str
    ok: bool
    detail: str
    count: int


def check(session: Session, vault: SeedVault, campaign_slug: str | None = None) -> Iterator[Finding]:
    """Test each promise over one campaign, or all, and say what was found. Raises NotFound.

    Memory does not grow with the number of entries. Do not use the session for anything else meanwhile.
    """
    _begin_snapshot(session)
    chosen = [campaigns.get(session, campaign_slug)] if campaign_slug else campaigns.listing(session)
    subjects = [Subject(campaign, vault) for campaign in chosen]
    return _findings(session, subjects)


def _findings(session: Session, subjects: list[Subject]) -> Iterator[Finding]:
    try:
        for names, look in _CHECKS:
            tallies = {name: Tally() for name in names}
            for subject in subjects:
                look(session, subject, *tallies.values())
            for name, tally in tallies.items():
                yield _finding(name, tally)
    finally:
        session.rollback()


def _begin_snapshot(session: Session) -> None:
    """Let every query see the same moment, although people enter meanwhile; SQLite always does."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _finding(name: str, tally: Tally) -> Finding:
    if not tally.faults:
        return Finding(name, True, _PROMISES[name], tally.seen)
    more = f"; and {tally.faults - EXAMPLES:,} more" if tally.faults > EXAMPLES else ""
    return Finding(name, False, "; ".join(tally.examples) + more, tally.seen)


_CHECKS: tuple[tuple[tuple[str, ...], Callable[..., None]], ...] = (
    (("seeds",), check_seeds),
    (("odds",), check_odds),
    (("stock",), check_stock),
    (("codes",), check_codes),
    (("replacements",), check_replacements),
    (("redemptions",), check_redemptions),
    (("limits",), check_limits),
    (("nonces",), check_nonces),
    (("awards", "draws", "fallbacks", "room"), check_entries),
    (("messages",), check_messages),
    (("counts",), check_counts),
    (("caps",), check_caps),
    (("figures",), check_figures),
)
_PROMISES = {
    "seeds": "each seed is the one promised before the first entry",
    "odds": "the odds tables form one chain, and the last one is in force",
    "stock": "what came in is free, won or withdrawn",
    "codes": "each code that was won has one winner, and the reverse",
    "replacements": "each replacement stands in for a win that is void",
    "redemptions": "only what was won is redeemed, no more often than it may be",
    "limits": "nobody entered more often than allowed",
    "nonces": "each submission was drawn once",
    "awards": "each award fits its entry and its code",
    "draws": "each outcome is the one its seed, nonce and odds give",
    "fallbacks": "each tier awarded is the one hit, or one its rule leads to",
    "room": "no tier gave more than its limits allow, or out of its time",
    "counts": "what was counted by quarters of an hour is what came, over each link too",
    "caps": "what a partner’s cap counts is what was won over the link",
    "figures": "what was added up by day is what the rows come to",
    "messages": "winners are told by mail, and nobody else is",
}
