"""Every route and who may use it. A route without a row here fails."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.domain.roles import Role
from app.models import Award
from app.services import partners, tiers
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.prizes import find_by_name
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.staff import csrf_token, make_account, sign_in

ANYONE = None

ACCESS: dict[str, Role | None] = {
    "static": ANYONE,
    "static_other": ANYONE,
    "public.home": ANYONE,
    "public.favicon": ANYONE,
    "public.landing_page": ANYONE,
    "public.via_partner": ANYONE,
    "public.enter": ANYONE,
    "public.challenge": ANYONE,
    "public.result": ANYONE,
    "public.rules": ANYONE,
    "public.kept_rules": ANYONE,
    "public.fairness": ANYONE,
    "public.odds_table": ANYONE,
    "partner.figures": ANYONE,
    "account.sign_in": ANYONE,
    "account.sign_out": ANYONE,
    "account.link": ANYONE,
    "account.password": Role.VIEWER,
    "admin.campaigns.index": Role.VIEWER,
    "admin.campaigns.detail": Role.VIEWER,
    "admin.campaigns.create": Role.EDITOR,
    "admin.campaigns.suggest_address": Role.EDITOR,
    "admin.campaigns.edit": Role.EDITOR,
    "admin.campaigns.status": Role.EDITOR,
    "admin.campaigns.set_status": Role.EDITOR,
    "admin.campaigns.rules": Role.VIEWER,
    "admin.campaigns.ask_archive": Role.EDITOR,
    "admin.campaigns.archive": Role.EDITOR,
    "admin.campaigns.unarchive": Role.EDITOR,
    "admin.campaign_files.copy": Role.EDITOR,
    "admin.campaign_files.export": Role.EDITOR,
    "admin.campaign_files.import_": Role.EDITOR,
    "trying.page": Role.VIEWER,
    "trying.play": Role.VIEWER,
    "trying.look": Role.VIEWER,
    "admin.tiers.add": Role.EDITOR,
    "admin.tiers.edit": Role.EDITOR,
    "admin.tiers.switch": Role.EDITOR,
    "admin.tiers.move": Role.EDITOR,
    "admin.tiers.lose_weight": Role.EDITOR,
    "admin.tiers.remove": Role.EDITOR,
    "admin.prizes.index": Role.VIEWER,
    "admin.prizes.add": Role.EDITOR,
    "admin.prizes.edit": Role.EDITOR,
    "admin.prizes.remove": Role.EDITOR,
    "admin.codes.index": Role.EDITOR,
    "admin.codes.upload": Role.EDITOR,
    "admin.codes.generate": Role.EDITOR,
    "admin.codes.export": Role.EDITOR,
    "admin.winners.index": Role.VIEWER,
    "admin.winners.reveal": Role.EDITOR,
    "admin.winners.export": Role.EDITOR,
    "admin.partners.index": Role.VIEWER,
    "admin.partners.add": Role.EDITOR,
    "admin.audit.index": Role.VIEWER,
    "admin.audit.everything": Role.ADMIN,
    "admin.accounts.index": Role.ADMIN,
    "admin.accounts.invite": Role.ADMIN,
    "admin.accounts.renew_link": Role.ADMIN,
    "admin.accounts.set_role": Role.ADMIN,
    "admin.accounts.disable": Role.ADMIN,
    "admin.accounts.enable": Role.ADMIN,
}
# What an address needs, by the name of its part; ids come with the data below.
PARTS = {"slug": "summer", "partner": "ayse", "token": "no-token", "version": 1, "filename": "css/tokens.css"}


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == ACCESS.keys()


def test_the_views_ask_for_the_role_in_the_table(app: Flask) -> None:
    asked = {name: getattr(view, "required_role", ANYONE) for name, view in app.view_functions.items()}
    assert asked == ACCESS


def calls(app: Flask, parts: dict[str, object]) -> list[tuple[str, str, str]]:
    """Endpoint, method and address of everything the site answers to; what removes comes last."""
    rules: list[Rule] = sorted(app.url_map.iter_rules(), key=lambda rule: "remove" in rule.endpoint)
    adapter = app.url_map.bind("localhost")
    return [
        (rule.endpoint, method, adapter.build(rule.endpoint, {name: parts[name] for name in rule.arguments}))
        for rule in rules
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]


@pytest.fixture
def parts(session: Session) -> dict[str, object]:
    """A campaign with something of everything."""
    campaign = make_campaign(session, [TierSpec("Gold"), TierSpec("Silver")])
    prize = find_by_name(session, campaign.id, "Gold prize")
    assert prize is not None
    partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    award = session.query(Award).one()
    found = PARTS | {
        "tier_id": tiers.listing(session, campaign.id)[0].id,
        "prize_id": prize.id,
        "entry_id": award.entry_id,
        "account_id": make_account(session, Role.VIEWER, "somebody@example.org").id,
    }
    session.commit()
    return found


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_what_the_table_says(
    app: Flask, session: Session, parts: dict[str, object], role: Role
) -> None:
    staff = sign_in(app, session, role)
    for endpoint, method, path in calls(app, parts):
        if endpoint == "account.sign_out":
            continue
        answer = staff.get(path) if method == "GET" else staff.post(path)
        needed = ACCESS[endpoint]
        refused = needed is not None and not role.covers(needed)
        assert (answer.status_code == 403) == refused, f"{role} {method} {path}: {answer.status}"
        assert answer.status_code < 500, f"{role} {method} {path}: {answer.status}"
        answer.close()


def test_a_visitor_is_asked_to_sign_in(app: Flask, client: FlaskClient, parts: dict[str, object]) -> None:
    token = csrf_token(client.get("/account/sign-in").get_data(as_text=True))
    for endpoint, method, path in calls(app, parts):
        answer = client.get(path) if method == "GET" else client.post(path, data={"csrf_token": token})
        is_asked = answer.status_code == 303 and answer.location.startswith("/account/sign-in")
        if endpoint != "account.sign_out":
            assert is_asked == (ACCESS[endpoint] is not None), f"{method} {path}: {answer.status}"
        else:
            token = csrf_token(client.get("/account/sign-in").get_data(as_text=True))
        answer.close()


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client: FlaskClient, parts: dict[str, object]) -> None:
    answer = client.get("/admin/campaigns/summer/prizes", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/account/sign-in")


def test_every_form_needs_its_token(app: Flask, session: Session, parts: dict[str, object]) -> None:
    staff = sign_in(app, session, Role.ADMIN)
    for endpoint, method, path in calls(app, parts):
        if method == "POST" and endpoint != "public.enter":
            assert staff.client.post(path).status_code == 400, path
