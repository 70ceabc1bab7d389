"""A campaign's own words in the visitor's language: views hand them to templates, and templates ask."""

from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from flask import Flask, url_for
from markupsafe import Markup

from app.domain.campaign_texts import CampaignTexts, prize_key
from app.domain.languages import direction
from app.domain.outcomes import Held, Outcome, Won
from app.extensions import tools
from app.models import Campaign
from app.services.landing import FairnessPage, LandingPage, PrizeCard, RulesPage
from app.web.locale import fall_back_to, is_asked, language

P = TypeVar("P", LandingPage, RulesPage, FairnessPage)


def register(app: Flask) -> None:
    """Give templates `campaign|said(key, default)`, and `campaign|said_in(key)` for the element around it."""
    app.jinja_env.filters.update(said=said, said_in=said_in)
    app.jinja_env.globals.update(page_addresses=page_addresses)


class _InWords:
    """A campaign whose title and intro are in the language of the page; all else is the row's."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self.title = said(campaign, "title", campaign.title)
        self.intro = said(campaign, "intro", campaign.intro)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._campaign, name)


def in_words(campaign: Campaign) -> Campaign:
    """The campaign as its visitor reads of it; the page is in the campaign's own language for whoever asked
    for none that we speak.
    """
    fall_back_to(campaign.language)
    return cast(Campaign, _InWords(campaign))


def page_in_words(page: P) -> P:
    """The same for a page about a campaign, with its prizes."""
    campaign = in_words(page.campaign)
    if isinstance(page, LandingPage):
        return replace(page, campaign=campaign, prizes=tuple(_card(campaign, card) for card in page.prizes))
    return replace(page, campaign=campaign)


def outcome_in_words(campaign: Campaign, outcome: Outcome) -> Outcome:
    """The same for what an entry came to."""
    if isinstance(outcome, Held) and outcome.prize_id is not None:
        return replace(outcome, prize=said(campaign, prize_key(outcome.prize_id, "name"), outcome.prize))
    if not isinstance(outcome, Won) or outcome.prize_id is None:
        return outcome
    return replace(
        outcome,
        prize=said(campaign, prize_key(outcome.prize_id, "name"), outcome.prize),
        instructions=said(campaign, prize_key(outcome.prize_id, "instructions"), outcome.instructions),
    )


def said(campaign: Campaign, key: str, default: str = "") -> str:
    """The campaign's text of that key in the language of the page, else in its own, else `default`."""
    return CampaignTexts(campaign.language, campaign.texts).text(key, language(), default)


def said_in(campaign: Campaign, key: str = "title") -> Markup:
    """Attributes of an element that holds such a text and is in another language than its page."""
    speaks = CampaignTexts(campaign.language, campaign.texts).language_of(key, language())
    if speaks == language():
        return Markup("")
    return Markup(' lang="{}" dir="{}"').format(speaks, direction(speaks))


@dataclass(frozen=True, slots=True)
class PageAddresses:
    """Where search engines find a landing page: the address of this one, and (language, address) of all."""

    canonical: str
    others: tuple[tuple[str, str], ...]


def page_addresses(campaign: Campaign) -> PageAddresses:
    """Those of the languages the campaign speaks; without a language in it the address leaves that open."""

    def address(asked: str | None) -> str:
        return tools().settings.public_url + url_for("public.landing_page", slug=campaign.slug, lang=asked)

    spoken = CampaignTexts(campaign.language, campaign.texts).languages
    asked = language() if is_asked() and language() in spoken else None
    others = tuple((one, address(one)) for one in spoken) if len(spoken) > 1 else ()
    return PageAddresses(address(asked), (*others, ("x-default", address(None))) if others else ())


def _card(campaign: Campaign, card: PrizeCard) -> PrizeCard:
    return replace(
        card,
        name=said(campaign, prize_key(card.id, "name"), card.name),
        text=said(campaign, prize_key(card.id, "text"), card.text),
    )
