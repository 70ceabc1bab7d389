"""Entry forms: what a campaign asks its entrants, and how that is changed."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain import entry_form
from app.domain.entry_form import DEFAULT, FieldPlan, FormPlan, Kind
from app.models import Campaign
from app.services import audit, campaigns, form_versions, official_rules
from app.services.audit import Actor
from app.services.uow import unit_of_work


def plan_of(campaign: Campaign) -> FormPlan:
    """The form as it is shown now."""
    return entry_form.parse(campaign.form)


@unit_of_work
def save(
    session: Session,
    campaign_id: UUID,
    plan: FormPlan,
    *,
    expected_version: int | None = None,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> Campaign:
    """Change the form; fields it no longer has are remembered, with the answers to them.

    `expected_version` is the campaign's that the page was made from. Raises StaleEdit when somebody else
    saved meanwhile, and InvalidInput for the first thing that is wrong: see `entry_form.problems`.
    """
    plan = plan.tidied()
    for problem in entry_form.problems(plan):
        raise problem
    campaign = campaigns.get_for_edit(session, campaign_id, expected_version)
    stored = plan_of(campaign)
    plan = plan.following(stored)
    if plan == stored:
        return campaign
    campaign.form = plan.document if plan != DEFAULT else ""
    campaign.version += 1
    form_versions.keep_up(session, campaign, now)
    official_rules.keep_up(session, campaign_id, now)
    before, after = audit.differing(dict(_summary(stored)), dict(_summary(plan)))
    audit.record(
        session,
        actor,
        "campaign.form",
        campaign.slug,
        now=now,
        campaign_id=campaign_id,
        before=before,
        after=after,
        reason=reason,
    )
    return campaign


def take_over(session: Session, campaign: Campaign, plan: FormPlan, now: datetime) -> None:
    """Give a new campaign its form, as a file has it. Raises InvalidInput."""
    plan = plan.tidied()
    for problem in entry_form.problems(plan):
        raise problem
    campaign.form = plan.document if plan != DEFAULT else ""
    form_versions.keep_up(session, campaign, now)


def _summary(plan: FormPlan) -> Iterator[tuple[str, object]]:
    """The plan as the list of changes tells it."""
    yield "form_fields", ", ".join(_name(one) for one in plan.fields)
    for one in plan.fields:
        yield f"form.{one.key}", _described(plan, one)
    yield "least_age", f"{plan.age.least} ({plan.age.by})" if plan.age else None
    yield "countries", ", ".join(plan.countries) or None
    yield "marketing", plan.marketing
    yield "marketing_text", plan.marketing_text or None
    yield "partner_named", plan.partner or None
    yield "partner_text", plan.partner_text or None


def _described(plan: FormPlan, one: FieldPlan) -> str:
    parts = [_name(one), one.help, "*" if plan.is_required(one) else ""]
    if one.kind is Kind.SELECT:
        parts.append(" / ".join(option.label for option in one.options))
    return " · ".join(filter(None, parts))


def _name(one: FieldPlan) -> str:
    return one.label or one.key
