"""Texts of a campaign: its languages, and what it says in each of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import entry_form
from app.domain.campaign_texts import (
    LONGEST,
    LONGEST_LINE,
    WITHOUT_A_ROW,
    CampaignTexts,
    Texts,
    is_key,
    is_line,
    prize_key,
)
from app.domain.entry_form import FormPlan
from app.domain.errors import InvalidInput
from app.domain.languages import ENTRANTS
from app.models import Campaign, Partner, Prize
from app.services import audit, campaigns, form_versions, prizes
from app.services.audit import Actor
from app.services.fields import many_lines, one_line
from app.services.uow import unit_of_work


@dataclass(frozen=True, slots=True)
class Slot:
    """One text that can be said in every language: what it is in the campaign's own, '' for none yet."""

    key: str
    own: str
    about: str = ""  # the name of the prize or of the field of the form it belongs to

    @property
    def is_line(self) -> bool:
        """Whether it stands on one line."""
        return is_line(self.key)

    @property
    def part(self) -> str:
        """What it is called, whichever prize or field it belongs to."""
        return self.key.split(".")[2] if self.key.startswith(("prize.", "form.", "partner.")) else self.key


def texts_of(campaign: Campaign) -> CampaignTexts:
    """What the campaign says."""
    return CampaignTexts(campaign.language, campaign.texts)


def slots(session: Session, campaign: Campaign) -> list[Slot]:
    """All texts of the campaign in its own language, in the order visitors meet them."""
    texts = texts_of(campaign)
    listed = [Slot("title", campaign.title), Slot("intro", campaign.intro)]
    for prize in prizes.listing(session, campaign.id):
        listed += _of_prize(prize)
    listed += _of_form(entry_form.parse(campaign.form))
    greeting = select(Partner.id, Partner.greeting, Partner.name).where(Partner.campaign_id == campaign.id)
    for row in session.execute(greeting.where(Partner.greeting != "").order_by(Partner.name, Partner.id)):
        listed.append(Slot(f"partner.{row.id.hex}.greeting", row.greeting, row.name))
    kept = [Slot(key, texts.text(key, campaign.language)) for key in WITHOUT_A_ROW]
    return [slot for slot in listed if slot.own] + kept


def missing(listed: Sequence[Slot], campaign: Campaign, language: str) -> int:
    """How many texts that the campaign has in its own language it has not in that one."""
    return len(texts_of(campaign).missing([slot.key for slot in listed if slot.own], language))


@unit_of_work
def edit(
    session: Session,
    campaign_id: UUID,
    language: str,
    said: Mapping[str, str],
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Campaign:
    """Say these texts (key -> text) in that language; an empty one is taken away, those not named stay.

    `expected_version` is the one the form was filled from. Raises InvalidInput whose field is the key of what
    will not do, StaleEdit when somebody else saved meanwhile, Conflict for an archived campaign.
    """
    campaign = campaigns.get_for_edit(session, campaign_id, expected_version)
    if language not in texts_of(campaign).languages:
        raise InvalidInput("language", "the campaign does not speak this language")
    checked = {key: _checked(key, text) for key, text in said.items()}
    before = dict(campaign.texts.get(language, {}))
    after = {key: text for key, text in (before | checked).items() if text}
    changed = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    if not changed:
        return campaign
    campaign.texts = dict(campaign.texts) | {language: after}
    form_versions.keep_up(session, campaign, now)
    _record(
        session,
        campaign,
        "campaign.texts",
        {"language": language} | {key: before.get(key, "") for key in changed},
        {"language": language} | {key: after.get(key, "") for key in changed},
        actor,
        now,
        reason,
    )
    return campaign


@unit_of_work
def speak(
    session: Session,
    campaign_id: UUID,
    own: str,
    others: Collection[str],
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Campaign:
    """Set the language that the campaign's rows are written in, and which others it speaks.

    The texts of a language that is left out go; the audit list keeps them. Raises InvalidInput for a language
    nobody speaks here, and otherwise as `edit`.
    """
    for name, language in (("own", own), *(("others", other) for other in others)):
        if language not in ENTRANTS:
            raise InvalidInput(name, "choose one of %(names)s", names=", ".join(ENTRANTS))
    campaign = campaigns.get_for_edit(session, campaign_id, expected_version)
    before = texts_of(campaign).languages
    kept = {language: texts for language, texts in campaign.texts.items() if language in {own, *others}}
    dropped = {name: dict(texts) for name, texts in campaign.texts.items() if name not in kept and texts}
    campaign.texts = {language: {} for language in others if language != own} | kept
    campaign.language = own
    form_versions.keep_up(session, campaign, now)
    after = texts_of(campaign).languages
    if before != after:
        told = {"languages": list(before)} | ({"dropped": dropped} if dropped else {})
        _record(session, campaign, "campaign.languages", told, {"languages": list(after)}, actor, now, reason)
    return campaign


def as_carried(texts: Texts, prize_ids: Sequence[UUID]) -> dict[str, dict[str, str]]:
    """The texts for a place where prizes have other ids: each prize is named by its number in the list."""
    numbers = {prize.hex: str(number) for number, prize in enumerate(prize_ids, start=1)}
    return _renamed(texts, numbers)


def take_over(campaign: Campaign, carried: Texts, prize_ids: Sequence[UUID]) -> None:
    """Give a new campaign texts that were carried here. Raises InvalidInput whose field is the place."""
    renamed = _renamed(carried, {str(number): prize.hex for number, prize in enumerate(prize_ids, start=1)})
    for language in carried:
        if language not in ENTRANTS:
            raise InvalidInput(language, "choose one of %(names)s", names=", ".join(ENTRANTS))
    campaign.texts = {
        language: {key: text for key, text in _all_checked(language, said) if text}
        for language, said in renamed.items()
    }


def _all_checked(language: str, said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, text in said.items():
        try:
            yield key, _checked(key, text)
        except InvalidInput as error:
            raise InvalidInput.of(f"{language}.{error.field}", error) from error


def _renamed(texts: Texts, names: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The texts with their prizes called otherwise; those of prizes without another name stay behind."""
    return {
        language: {new: text for key, text in said.items() if (new := _renamed_key(key, names)) is not None}
        for language, said in texts.items()
    }


def _renamed_key(key: str, names: Mapping[str, str]) -> str | None:
    if key.startswith("partner."):
        return None  # a partner of the new place has another id
    if not key.startswith("prize."):
        return key
    prize, _, part = key.removeprefix("prize.").rpartition(".")
    return f"prize.{names[prize]}.{part}" if prize in names else None


def _of_prize(prize: Prize) -> list[Slot]:
    return [
        Slot(prize_key(prize.id, name), getattr(prize, name), prize.name)
        for name in ("name", "text", "instructions")
    ]


def _of_form(plan: FormPlan) -> list[Slot]:
    """What the form says in the campaign's own words; where it has none, Prizewell's follow the reader."""
    found = []
    for one in plan.fields:
        said = [("label", one.label), ("help", one.help)]
        said += [(f"option.{option.key}", option.label) for option in one.options]
        found += [Slot(f"form.{one.key}.{name}", text, one.label) for name, text in said]
    consents = (("marketing", plan.marketing_text), ("partner", plan.partner_text))
    return found + [Slot(f"form.{name}.text", text) for name, text in consents]


def _checked(key: str, text: str) -> str:
    if not is_key(key):
        raise InvalidInput(key, "no such text is known")
    if not text.strip():
        return ""
    return one_line(key, text, LONGEST_LINE) if is_line(key) else many_lines(key, text, LONGEST)


def _record(
    session: Session,
    campaign: Campaign,
    action: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    reason: str,
) -> None:
    campaign.version += 1
    audit.record(
        session,
        actor,
        action,
        campaign.slug,
        now=now,
        campaign_id=campaign.id,
        before=before,
        after=after,
        reason=reason,
    )
