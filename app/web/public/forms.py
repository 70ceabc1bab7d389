"""The entry form: its fields and what each must be.

On the path of every entry. A class is made once for each version of a campaign's form, and what the page
fills in by itself is read without a field of the library each.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, EmailField, Field, StringField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from app.adapters.phones import e164
from app.domain import entry_form
from app.domain.entry_form import AGE_KEY, DEFAULT, Answers, FieldPlan, FormPlan, Kind
from app.domain.identity import InvalidAddress, canonical_email
from app.domain.texts import is_showable, is_visible
from app.extensions import tools
from app.models import Campaign
from app.services import form_versions
from app.web.form_words import fault_text
from app.web.page_parts import PagePart
from app.web.public.page_tokens import PageToken, made_at

MOST_CLASSES = 256
PARTS = ("day", "month", "year")
_UTC = ZoneInfo("UTC")
_NONCE = re.compile(r"[0-9a-f]{32}")
_KEY = re.compile(r"([0-9a-f]{32})\.([1-9][0-9]{0,8})")


def _stripped(value: Any) -> Any:
    return value.strip(" \t") if isinstance(value, str) else value


def _one_line(_form: FlaskForm, field: Field) -> None:
    text = field.data or ""
    if text and not (is_showable(text) and is_visible(text)):
        raise ValidationError(_l("Please use letters, digits and usual signs only."))


def _mail_address(_form: FlaskForm, field: Field) -> None:
    if field.errors:
        return
    try:
        validate_email(field.data, check_deliverability=False, test_environment=True)
        canonical_email(field.data)
    except (EmailNotValidError, InvalidAddress):
        raise ValidationError(_l("Please give a valid e-mail address, like name@example.org.")) from None


class AnswerField(Field):
    """One answer as text; what it may be is for domain/entry_form.py to say."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """What was typed, within reason."""
        self.data = valuelist[0][:1000] if valuelist else ""


class BirthDateField(Field):
    """A date out of three controls; one value, as 2000-12-31, will do as well."""

    parts: Mapping[str, str] = {}

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Put the three together."""
        super().process(formdata, *args, **kwargs)
        given = formdata or {}
        self.parts = {part: str(given.get(f"{self.name}-{part}", ""))[:10].strip() for part in PARTS}
        self.data = str(given.get(self.name, ""))[:20].strip()
        if not self.data and any(self.parts.values()):
            day, month, year = (self.parts[part] for part in PARTS)
            self.data = f"{year:0>4}-{month:0>2}-{day:0>2}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A version of a campaign's form as it is shown: 0 is the usual one, of no campaign."""

    plan: FormPlan = DEFAULT
    zone: ZoneInfo = _UTC
    campaign_id: UUID | None = None
    version: int = 0

    @property
    def key(self) -> str:
        """What the page sends along, so that it is taken as what it was."""
        return f"{self.campaign_id.hex}.{self.version}" if self.campaign_id and self.version else ""


class EntryForm(FlaskForm):
    """What an entrant fills in, after the plan of the campaign; beside it, read without ceremony, what the
    page fills in (nonce, altcha, partner, form), and a field that nobody sees and only programs fill in.
    """

    class Meta(FlaskForm.Meta):
        """Every message here is our own: the library's catalogue need not be read anew for each entry."""

        csrf_class = PageToken

        def get_translations(self, form: FlaskForm) -> None:
            """No catalogue beside ours."""

    shown: ClassVar[Shown] = Shown()
    email: EmailField
    accept_rules: BooleanField

    def __init__(self, formdata: Mapping[str, str] | None = None) -> None:
        super().__init__(formdata=formdata)
        given = formdata or {}
        self.nonce = PagePart("nonce", given.get("nonce", "").lower())
        self.altcha = PagePart("altcha", given.get("altcha", ""))
        self.partner = PagePart("partner", given.get("partner", ""))
        self.invite = PagePart("invite", given.get("invite", ""))
        self.again = PagePart("again", given.get("again", ""))
        self.homepage = PagePart("homepage", given.get("homepage", ""), "text")
        self.form_key = PagePart("form", self.shown.key)
        self.answers = Answers()

    @property
    def plan(self) -> FormPlan:
        """What is asked."""
        return self.shown.plan

    @property
    def errors(self) -> dict[str, Any]:
        """All errors, by the names of their fields."""
        parts = (self.nonce, self.altcha, self.partner, self.form_key)
        return {**super().errors, **{part.name: list(part.errors) for part in parts if part.errors}}

    @property
    def page_errors(self) -> list[Any]:
        """What is wrong with the page rather than with anything filled in."""
        token = self["csrf_token"].errors if "csrf_token" in self else ()
        return [*self.nonce.errors, *self.partner.errors, *self.form_key.errors, *token]

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """The fields; then what gives a program away, told like a CAPTCHA that failed."""
        is_right = super().validate(extra_validators)
        if not _NONCE.fullmatch(self.nonce.data):
            self.nonce.errors = [_l("This page is out of date. Please load it again.")]
            is_right = False
        if not (self._judge() and is_right):
            return False
        if self.homepage.data or self._came_too_soon():
            self.altcha.errors = [_l("Please confirm that you are human.")]
            return False
        return True

    def refuse_stale(self) -> None:
        """Ask to send it once more: another form is shown now than the one that was filled in."""
        self.form_key.errors = [
            _l("This form has changed since you opened it. Please look through it and send it once more.")
        ]

    @property
    def least_seconds(self) -> int:
        """How long filling it in takes at least; the page waits that long for people who are faster."""
        return tools().settings.least_fill_seconds

    def text(self, name: str) -> str:
        """What was filled into a field; nothing where the form does not have it."""
        return str(self[name].data or "") if name in self else ""

    def ticked(self, name: str) -> bool:
        """Whether a tick was set; not where the form does not have it."""
        return bool(self[name].data) if name in self else False

    def _judge(self) -> bool:
        """The answers to the campaign's own fields, good or with their errors in place."""
        plan = self.plan
        if not plan.asks_more:
            return True
        raw = {one.key: self.text(one.key) for one in plan.own_fields}
        raw |= {name: "y" for name in (AGE_KEY, "partner_consent") if self.ticked(name)}
        raw |= {
            one.key: "y" if self.ticked(one.key) else "" for one in plan.own_fields if one.kind is Kind.TICK
        }
        today = tools().now().astimezone(self.shown.zone).date()
        found = entry_form.accept(plan, raw, today=today, phone=e164)
        if isinstance(found, Answers):
            self.answers = found
            return True
        fields = {one.key: one for one in plan.own_fields}
        for fault in found:
            self[fault.key].errors = [fault_text(plan, fields.get(fault.key), fault.wrong)]
        return False

    def _came_too_soon(self) -> bool:
        """Whether the form's page was made just now. The form's token, found valid above, tells when."""
        if "csrf_token" not in self:
            return False
        made = made_at(self.csrf_token.data)
        return bool(tools().now().timestamp() - made < self.least_seconds)


def form_class(campaign: Campaign) -> type[EntryForm]:
    """The campaign's form as it is shown now."""
    if not campaign.form_version:
        return USUAL
    place = (campaign.id, campaign.form_version)
    found, plan = _known.get(place), entry_form.parse(campaign.form)
    if found is None or found.shown.plan != plan:
        found = _keep(Shown(plan, ZoneInfo(campaign.timezone), *place))
    return found


def class_of_key(session: Session, key: str) -> type[EntryForm] | None:
    """The form that a page was made with, by what it sent along; None for none there ever was."""
    if not key:
        return USUAL
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    place = (UUID(hex=match[1]), int(match[2]))
    if (found := _known.get(place)) is not None:
        return found
    kept = form_versions.find(session, *place)
    if kept is None:
        return None
    return _keep(Shown(entry_form.parse(kept.document), ZoneInfo(kept.timezone), *place))


def class_of(shown: Shown) -> type[EntryForm]:
    """A form with the fields of a plan."""
    plan = shown.plan
    fields: dict[str, Any] = {one.key: _field(plan, one) for one in plan.fields}
    if plan.asks_age_tick:
        fields[AGE_KEY] = BooleanField()
    fields["accept_rules"] = BooleanField(
        validators=[DataRequired(_l("Please accept the rules to take part."))]
    )
    if plan.marketing:
        fields["marketing"] = BooleanField()
    if plan.partner:
        fields["partner_consent"] = BooleanField()
    made: type[EntryForm] = type("EntryForm", (EntryForm,), {"shown": shown, **fields})
    return made


def _keep(shown: Shown) -> type[EntryForm]:
    if len(_known) >= MOST_CLASSES:
        _known.clear()
    assert shown.campaign_id is not None  # noqa: S101 -- both callers give it
    made = _known[shown.campaign_id, shown.version] = class_of(shown)
    return made


def _field(plan: FormPlan, one: FieldPlan) -> Any:
    match one.kind:
        case Kind.EMAIL:
            return EmailField(
                filters=[_stripped],
                validators=[
                    DataRequired(_l("Please give your e-mail address.")),
                    Length(max=254, message=_l("An e-mail address has at most 254 characters.")),
                    _mail_address,
                ],
            )
        case Kind.NAME:
            needed = DataRequired(_l("Please tell us your name.")) if plan.is_required(one) else Optional()
            return StringField(
                filters=[_stripped],
                validators=[
                    needed,
                    Length(max=120, message=_l("Please use at most 120 characters.")),
                    _one_line,
                ],
            )
        case Kind.TICK:
            return BooleanField()
        case Kind.BIRTH_DATE:
            return BirthDateField()
        case _:
            return AnswerField()


_known: dict[tuple[UUID, int], type[EntryForm]] = {}
USUAL = class_of(Shown())
