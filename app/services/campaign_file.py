"""A whole campaign as one file: texts, window, tiers, prizes, partners; on request also its free codes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from inspect import unwrap
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.adapters.pictures import LOGO, PictureStore
from app.adapters.seeds import SeedVault
from app.domain import entry_form
from app.domain.campaign_texts import Texts
from app.domain.chance import Rng
from app.domain.code_list import read_code_list
from app.domain.entry_form import FormPlan
from app.domain.errors import Conflict, InvalidInput
from app.domain.odds import OnEmpty
from app.domain.pictures import Picture
from app.domain.theme import USUAL, Theme
from app.domain.theme import parse as parse_theme
from app.models import BatchSource, Campaign, Code, CodeStatus, Partner, Prize, PrizeKind
from app.services import (
    audit,
    campaign_texts,
    campaigns,
    entry_forms,
    looks,
    partners,
    prizes,
    staging,
    stock,
    tiers,
    watching,
)
from app.services.audit import Actor
from app.services.campaign_pictures import brought, packed, unpacked
from app.services.campaigns import CampaignPlan
from app.services.partners import PartnerPlan
from app.services.plan_fields import as_plain, bad, from_plain, plan_from_row
from app.services.prizes import PrizePlan
from app.services.tiers import TierPlan
from app.services.uow import unit_of_work
from app.services.watching import WatchPlan

FORMAT = "prizewell campaign"
SCHEMA = 1
MAX_BYTES = 24 * 1024 * 1024
MAX_CODES = 50_000  # they come in with one transaction
MAX_ITEMS = 1000  # of prizes, and of partners
AS_USUAL = WatchPlan()
AS_ITS_CAMPAIGN = watching.TierPlan()


@dataclass(frozen=True, slots=True)
class PrizeSheet:
    """A prize of a file: a plain `quantity`, or a pool with the `codes` that came along."""

    plan: PrizePlan
    quantity: int | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TierSheet:
    """A tier of a file; `fallback` is the name of the tier it falls back to, `watch` what its brake does."""

    plan: TierPlan
    prizes: tuple[PrizeSheet, ...] = ()
    fallback: str | None = None
    watch: watching.TierPlan = AS_ITS_CAMPAIGN


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything in a file; of partners no address goes along."""

    plan: CampaignPlan
    lose_weight: int
    tiers: tuple[TierSheet, ...] = ()
    partners: tuple[PartnerPlan, ...] = ()
    theme: Theme = USUAL
    texts: Texts = field(default_factory=dict)  # a prize is named by its number in the file
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # by the keys they had where they come from
    form: FormPlan = entry_form.DEFAULT
    watch: WatchPlan = AS_USUAL
    refer_tier: str | None = None  # the name of the tier whose codes friends get

    @property
    def first_lose_weight(self) -> int:
        """The weight of no win to begin with: before there is a tier it cannot be 0."""
        return self.lose_weight or 1


@dataclass(frozen=True, slots=True)
class Made:
    """What an import made, or would make."""

    slug: str
    title: str
    tiers: int
    prizes: int
    units: int
    codes: int
    partners: int


@unit_of_work
def export(
    session: Session,
    campaign_id: UUID,
    *,
    with_codes: bool = False,
    store: PictureStore | None = None,
    actor: Actor,
    now: datetime,
) -> str:
    """The campaign as JSON, with its pictures where the `store` is given. Codes are secrets: without
    `with_codes` there is none in it. The export is on record.
    """
    campaign = campaigns.get_by_id(session, campaign_id)
    sheet = sheet_of(session, campaign, with_codes=with_codes)
    count = sum(len(prize.codes) for tier in sheet.tiers for prize in tier.prizes)
    if count > MAX_CODES:
        raise InvalidInput(
            "codes", "a file takes at most %(most)s codes: export those of each prize instead", most=MAX_CODES
        )
    audit.record(
        session,
        actor,
        "campaign.export",
        campaign.slug,
        now=now,
        campaign_id=campaign_id,
        after={"codes": count},
    )
    document = _as_json(sheet)
    if store is not None:
        document["pictures"] = packed(_pictures(sheet), store)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def with_pictures(sheet: Sheet, store: PictureStore) -> Sheet:
    """The sheet with its pictures as they are kept here, each looked at and drawn anew like an upload; one
    that neither came along nor is here is left out. Raises InvalidInput.
    """

    def brought_in(tier: TierSheet) -> TierSheet:
        held = (
            replace(each, plan=replace(each.plan, picture=brought(each.plan.picture, sheet.pictures, store)))
            for each in tier.prizes
        )
        return replace(tier, prizes=tuple(held))

    theme = replace(
        sheet.theme,
        logo=brought(sheet.theme.logo, sheet.pictures, store, LOGO),
        hero=brought(sheet.theme.hero, sheet.pictures, store),
    )
    invited = (replace(each, picture=brought(each.picture, sheet.pictures, store)) for each in sheet.partners)
    return replace(
        sheet,
        theme=theme,
        tiers=tuple(map(brought_in, sheet.tiers)),
        partners=tuple(invited),
        pictures={},
    )


def _pictures(sheet: Sheet) -> Iterator[Picture]:
    for each in (
        sheet.theme.logo,
        sheet.theme.hero,
        *(prize.plan.picture for tier in sheet.tiers for prize in tier.prizes),
        *(partner.picture for partner in sheet.partners),
    ):
        if each is not None:
            yield each


def read(content: bytes) -> Sheet:
    """The sheet a file holds. Raises InvalidInput that names the place of what is wrong."""
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            "file", "the file is too large: %(most)s MB at most", most=MAX_BYTES // (1024 * 1024)
        )
    try:
        raw = json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        problem = InvalidInput("file", "this is not JSON")
        raise bad(f"{error.lineno}:{error.colno}", problem) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("file", "this is not the file of a campaign") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise InvalidInput("file", "this is not the file of a campaign")
    if raw.get("schema") != SCHEMA:
        raise bad("schema", InvalidInput("file", "only version %(known)s is known here", known=SCHEMA))
    return _sheet(raw)


def import_campaign(
    session: Session,
    sheet: Sheet,
    *,
    slug: str | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SeedVault,
) -> Made:
    """Make a draft from a sheet, all of it or nothing, under `slug` if one is given.

    It gets a seed of its own. Large quantities come in after it, as with every prize. Raises InvalidInput
    that names the place of what cannot be taken.
    """
    sheet = _named(sheet, slug)
    made = _import(session, sheet, actor=actor, now=now, rng=rng, vault=vault)
    campaign = campaigns.get(session, made.slug)
    fill_up(session, campaign.id, sheet, actor=actor, now=now, rng=rng)
    return made


def check_import(
    session: Session,
    sheet: Sheet,
    *,
    slug: str | None = None,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SeedVault,
) -> Made:
    """What `import_campaign` would make; it is made and undone, so that nothing is overlooked."""
    try:
        _import(session, _named(sheet, slug), dry_run=True, actor=actor, now=now, rng=rng, vault=vault)
    except _Undone as undone:
        return undone.made
    raise AssertionError("a dry run ends with its undoing")  # pragma: no cover


def sheet_of(session: Session, campaign: Campaign, *, with_codes: bool = False) -> Sheet:
    """The campaign as a sheet, without what has been removed from it."""
    listed = tiers.listing(session, campaign.id)
    names = {tier.id: tier.name for tier in listed}
    by_tier: dict[UUID, list[PrizeSheet]] = {tier.id: [] for tier in listed}
    counts = prizes.stock_by_prize(session, campaign.id)
    listed_prizes = prizes.listing(session, campaign.id)
    ids = [prize.id for tier in listed for prize in listed_prizes if prize.tier_id == tier.id]
    brakes = watching.tier_plans(session, campaign.id)
    for prize in listed_prizes:
        is_plain = prize.kind is PrizeKind.QUANTITY
        by_tier[prize.tier_id].append(
            PrizeSheet(
                plan_from_row(PrizePlan, prize),
                counts[prize.id].total if is_plain else None,
                _free_codes(session, prize.id) if with_codes and not is_plain else (),
            )
        )
    return Sheet(
        replace(campaigns.plan_of(campaign), refer_tier_id=None),
        campaign.lose_weight,
        tuple(
            TierSheet(
                plan_from_row(TierPlan, tier, fallback_id=None),
                tuple(by_tier[tier.id]),
                names.get(tier.fallback_id) if tier.fallback_id else None,
                brakes.get(tier.id, AS_ITS_CAMPAIGN),
            )
            for tier in listed
        ),
        tuple(_carried(partner) for partner in partners.listing(session, campaign.id)),
        theme=looks.theme_of(campaign),
        texts=campaign_texts.as_carried(campaign.texts, ids),
        form=replace(entry_forms.plan_of(campaign), removed=()),
        watch=watching.plan_of(session, campaign.id),
        refer_tier=names.get(campaign.refer_tier_id) if campaign.refer_tier_id else None,
    )


def fill(session: Session, campaign_id: UUID, sheet: Sheet, *, actor: Actor, now: datetime, rng: Rng) -> None:
    """Put the tiers, prizes, codes and partners of a sheet into a new campaign, inside the caller's unit."""
    campaigns.get_by_id(session, campaign_id).theme = sheet.theme.to_document()
    trail = {"actor": actor, "now": now, "rng": rng}
    ids: dict[str, UUID] = {}
    prize_ids: list[UUID] = []
    for number, tier in enumerate(sheet.tiers):
        place = f"tiers[{number}]"
        plan = replace(tier.plan, on_empty=OnEmpty.LOSE) if tier.fallback else tier.plan
        with _at(place):
            made = unwrap(tiers.add)(session, campaign_id, plan, **trail)
        ids[tier.plan.name] = ids[made.name] = made.id
        for position, prize in enumerate(tier.prizes):
            with _at(f"{place}.prizes[{position}]"):
                prize_ids.append(_add_prize(session, made.id, prize, trail))
    with _at("texts"):
        campaign_texts.take_over(campaigns.get_by_id(session, campaign_id), sheet.texts, prize_ids)
    with _at("form"):
        entry_forms.take_over(session, campaigns.get_by_id(session, campaign_id), sheet.form, now)
    for number, tier in enumerate(sheet.tiers):
        if tier.fallback:
            with _at(f"tiers[{number}]"):
                plan = replace(tier.plan, on_empty=OnEmpty.FALLBACK, fallback_id=ids.get(tier.fallback))
                unwrap(tiers.edit)(session, ids[tier.plan.name], plan, actor=actor, now=now)
    with _at("campaign.refer_tier"):
        campaigns.get_by_id(session, campaign_id).refer_tier_id = _named_tier(sheet.refer_tier, ids)
    if sheet.lose_weight != sheet.first_lose_weight:
        with _at("campaign"):
            unwrap(campaigns.set_lose_weight)(session, campaign_id, sheet.lose_weight, actor=actor, now=now)
    for number, each in enumerate(sheet.partners):
        with _at(f"partners[{number}]"):
            unwrap(partners.add)(session, campaign_id, each.slug, each.name, plan=each, **trail)
    _watch(session, campaign_id, sheet, ids, actor=actor, now=now)


def _named_tier(name: str | None, ids: Mapping[str, UUID]) -> UUID | None:
    if name is not None and name not in ids:
        raise InvalidInput("refer_tier_id", "choose a tier of this campaign")
    return ids[name] if name is not None else None


def fill_up(
    session: Session, campaign_id: UUID, sheet: Sheet, *, actor: Actor, now: datetime, rng: Rng
) -> None:
    """After the unit: the units of plain quantities that were too many for it, by short transactions."""
    for prize in prizes.listing(session, campaign_id):
        for wanted in (
            one for tier in sheet.tiers for one in tier.prizes if (one.quantity or 0) > stock.PART
        ):
            if wanted.plan.name == prize.name:
                prizes.edit(
                    session, prize.id, wanted.plan, quantity=wanted.quantity, actor=actor, now=now, rng=rng
                )


class _Undone(Exception):
    """Ends a dry run, and with it the transaction."""

    def __init__(self, made: Made) -> None:
        super().__init__("undone")
        self.made = made


@unit_of_work
def _import(
    session: Session,
    sheet: Sheet,
    *,
    dry_run: bool = False,
    actor: Actor,
    now: datetime,
    rng: Rng,
    vault: SeedVault,
) -> Made:
    counted = [prize for tier in sheet.tiers for prize in tier.prizes]
    codes = sum(len(prize.codes) for prize in counted)
    if codes > MAX_CODES:
        raise bad("tiers", InvalidInput("file", "these are more than %(most)s", most=MAX_CODES))
    trail: dict[str, Any] = {"actor": actor, "now": now, "rng": rng}
    with _at("campaign"):
        campaign = unwrap(campaigns.create)(
            session, sheet.plan, lose_weight=sheet.first_lose_weight, **trail, vault=vault
        )
    fill(session, campaign.id, sheet, actor=actor, now=now, rng=rng)
    made = Made(
        campaign.slug,
        campaign.title,
        tiers=len(sheet.tiers),
        prizes=len(counted),
        units=sum(prize.quantity or 0 for prize in counted),
        codes=codes,
        partners=len(sheet.partners),
    )
    audit.record(
        session,
        actor,
        "campaign.import",
        campaign.slug,
        now=now,
        campaign_id=campaign.id,
        after=asdict(made),
    )
    if dry_run:
        session.flush()
        raise _Undone(made)
    return made


def _watch(
    session: Session, campaign_id: UUID, sheet: Sheet, ids: Mapping[str, UUID], *, actor: Actor, now: datetime
) -> None:
    with _at("watch"):
        if sheet.watch != AS_USUAL:
            unwrap(watching.edit)(session, campaign_id, sheet.watch, actor=actor, now=now)
    for number, tier in enumerate(sheet.tiers):
        if tier.watch != AS_ITS_CAMPAIGN:
            with _at(f"tiers[{number}].watch"):
                unwrap(watching.edit_tier)(session, ids[tier.plan.name], tier.watch, actor=actor, now=now)


def _add_prize(session: Session, tier_id: UUID, sheet: PrizeSheet, trail: dict[str, Any]) -> UUID:
    quantity = None if sheet.quantity is None else stock.check_count("quantity", sheet.quantity, 0)
    fits = quantity if quantity is None or quantity <= stock.PART else 0
    made = unwrap(prizes._add)(session, tier_id, sheet.plan, quantity=fits, reason="", **trail)
    if sheet.codes:
        _add_codes(session, stock.get_prize_for_change(session, made.id), sheet.codes, trail)
    made_id: UUID = made.id
    return made_id


def _add_codes(session: Session, prize: Prize, codes: Sequence[str], trail: dict[str, Any]) -> None:
    listed = read_code_list(f"{code}\n" for code in codes)
    if listed.malformed:
        raise InvalidInput("codes", "code number %(line)s cannot be a code", line=listed.malformed[0].line)
    if listed.duplicates:
        raise InvalidInput("codes", "code number %(line)s stands there twice", line=listed.duplicates[0].line)
    for part in listed.codes.in_key_order(stock.PART):
        known = staging.known(session, prize.campaign_id, part.keys)
        if known.here or known.elsewhere:
            raise InvalidInput(
                "codes", "some of these codes are in stock here already, in this or another campaign"
            )
        batch, after = staging.take_in(session, prize, BatchSource.IMPORTED, part.texts, part.keys, **trail)
        staging.record(session, batch, prize, after, trail["actor"], trail["now"])


def _free_codes(session: Session, prize_id: UUID) -> tuple[str, ...]:
    query = select(Code.text).where(Code.prize_id == prize_id, Code.status == CodeStatus.FREE)
    return tuple(session.scalars(query.order_by(Code.id)))


def _named(sheet: Sheet, slug: str | None) -> Sheet:
    return replace(sheet, plan=replace(sheet.plan, slug=slug)) if slug else sheet


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Tell of what is refused where in the file it stands."""
    try:
        yield
    except InvalidInput as error:
        raise bad(f"{place}.{error.field}", error) from error
    except Conflict as error:
        raise bad(place, error) from error


def _as_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "campaign": as_plain(sheet.plan) | {"lose_weight": sheet.lose_weight, "refer_tier": sheet.refer_tier},
        "theme": sheet.theme.to_document(),
        "texts": sheet.texts,
        "form": json.loads(sheet.form.document),
        "watch": as_plain(sheet.watch),
        "tiers": [
            as_plain(tier.plan)
            | {"fallback": tier.fallback, "watch": as_plain(tier.watch)}
            | {"prizes": [_prize_as_json(prize) for prize in tier.prizes]}
            for tier in sheet.tiers
        ],
        "partners": [as_plain(each) for each in sheet.partners],
    }


def _prize_as_json(sheet: PrizeSheet) -> dict[str, Any]:
    return as_plain(sheet.plan) | {"quantity": sheet.quantity, "codes": list(sheet.codes)}


def _sheet(raw: Mapping[str, Any]) -> Sheet:
    campaign = dict(_table(raw.get("campaign"), "campaign"))
    lose_weight = _whole(campaign.pop("lose_weight", None), "campaign.lose_weight")
    refer_tier = campaign.pop("refer_tier", None)
    listed = [_tier(one, f"tiers[{place}]") for place, one in enumerate(_list(raw.get("tiers", []), "tiers"))]
    held = [prize for tier in listed for prize in tier.prizes]
    if len(held) > MAX_ITEMS:
        raise bad("tiers", InvalidInput("file", "these are more than %(most)s", most=MAX_ITEMS))
    others = enumerate(_list(raw.get("partners", []), "partners"))
    return Sheet(
        from_plain(CampaignPlan, campaign, "campaign"),
        lose_weight,
        tuple(listed),
        tuple(_partner(one, f"partners[{place}]") for place, one in others),
        theme=_theme(raw.get("theme", {})),
        texts=_texts(raw.get("texts", {})),
        pictures=unpacked(_table(raw.get("pictures", {}), "pictures")),
        form=_form(raw),
        watch=from_plain(WatchPlan, _table(raw.get("watch", {}), "watch"), "watch"),
        refer_tier=None if refer_tier is None else _string(refer_tier, "campaign.refer_tier"),
    )


def _form(raw: Mapping[str, Any]) -> FormPlan:
    with _at("form"):
        return entry_form.read(raw["form"]) if "form" in raw else entry_form.DEFAULT


def _texts(raw: Any) -> Texts:
    return {
        language: {
            key: _string(text, f"texts.{language}.{key}")
            for key, text in _table(said, f"texts.{language}").items()
        }
        for language, said in _table(raw, "texts").items()
    }


def _theme(raw: Any) -> Theme:
    reading = parse_theme(raw)
    for problem in reading.problems:
        raise bad(f"theme.{problem.field}", problem)
    return reading.theme


def _tier(raw: Any, place: str) -> TierSheet:
    values = dict(_table(raw, place))
    fallback = values.pop("fallback", None)
    held = _list(values.pop("prizes", []), f"{place}.prizes")
    watch = _table(values.pop("watch", {}), f"{place}.watch")
    return TierSheet(
        from_plain(TierPlan, values, place),
        tuple(_prize(one, f"{place}.prizes[{number}]") for number, one in enumerate(held)),
        None if fallback is None else _string(fallback, f"{place}.fallback"),
        from_plain(watching.TierPlan, watch, f"{place}.watch"),
    )


def _prize(raw: Any, place: str) -> PrizeSheet:
    values = dict(_table(raw, place))
    quantity, codes = values.pop("quantity", None), values.pop("codes", [])
    texts = [
        _string(one, f"{place}.codes[{number}]") for number, one in enumerate(_items(codes, f"{place}.codes"))
    ]
    if texts and quantity is not None:
        raise bad(f"{place}.codes", InvalidInput("file", "a plain quantity has no codes of its own"))
    return PrizeSheet(
        from_plain(PrizePlan, values, place),
        None if quantity is None else _whole(quantity, f"{place}.quantity"),
        tuple(texts),
    )


def _partner(raw: Any, place: str) -> PartnerPlan:
    values = _table(raw, place)
    for name in ("slug", "name"):
        _string(values.get(name), f"{place}.{name}")
    return from_plain(PartnerPlan, values, place)


def _carried(partner: Partner) -> PartnerPlan:
    """What a file has of a partner: not the address, which is a person's."""
    return replace(PartnerPlan.of(partner), email="")


def _table(raw: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise bad(place, InvalidInput("file", "fields with names are expected here"))
    return raw


def _items(raw: Any, place: str) -> Sequence[Any]:
    if not isinstance(raw, list):
        raise bad(place, InvalidInput("file", "a list is expected here"))
    return raw


def _list(raw: Any, place: str) -> Sequence[Any]:
    if len(_items(raw, place)) > MAX_ITEMS:
        raise bad(place, InvalidInput("file", "these are more than %(most)s", most=MAX_ITEMS))
    return _items(raw, place)


def _string(raw: Any, place: str) -> str:
    if not isinstance(raw, str):
        raise bad(place, InvalidInput("file", "a text is expected here"))
    return raw


def _whole(raw: Any, place: str) -> int:
    if type(raw) is not int:
        raise bad(place, InvalidInput("file", "a whole number is expected here"))
    return raw
