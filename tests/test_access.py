"""Every route, who may use it, and where a recent sign-in is asked for. A route without a row here fails."""

import re
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from app.domain.alerts import AlertKind
from app.domain.eligibility import CampaignStatus
from app.domain.roles import Role
from app.domain.scopes import Scope
from app.models import Award
from app.services import alerts, campaigns, partners, restrictions, tiers
from app.services.alerts import Due
from app.services.audit import COMMAND_LINE
from app.services.entries import submit_entry
from app.services.prizes import find_by_name
from app.web.access import StepUp
from tests.support.factories import VAULT, TierSpec, make_campaign, submission
from tests.support.fakes import NOON, FakeRng
from tests.support.hooks import any_endpoint
from tests.support.shop import api_till, counter_till
from tests.support.staff import HTMX, csrf_token, make_account, sign_in, staff_of

ANYONE = None

ACCESS: dict[str, Role | None] = {
    "static": ANYONE,
    "static_other": ANYONE,
    "picture": ANYONE,
    "public.home": ANYONE,
    "public.favicon": ANYONE,
    "public.landing_page": ANYONE,
    "public.embedded": ANYONE,
    "public.embedded_via": ANYONE,
    "looks.style": ANYONE,
    "looks.card": ANYONE,
    "public.via_partner": ANYONE,
    "public.enter": ANYONE,
    "public.remind": ANYONE,
    "public.from_friend": ANYONE,
    "public.once_more": ANYONE,
    "reminders.asked": ANYONE,
    "reminders.cancelling": ANYONE,
    "reminders.cancel": ANYONE,
    "public.challenge": ANYONE,
    "public.started": ANYONE,
    "human.picture": ANYONE,
    "human.sound": ANYONE,
    "public.result": ANYONE,
    "public.mail_result": ANYONE,
    "public.rules": ANYONE,
    "public.kept_rules": ANYONE,
    "public.fairness": ANYONE,
    "public.odds_table": ANYONE,
    "winner.ask": ANYONE,
    "winner.asked": ANYONE,
    "winner.challenge": ANYONE,
    "winner.prove": ANYONE,
    "winner.page": ANYONE,
    "winner.prove_here": ANYONE,
    "winner.export": ANYONE,
    "winner.mail": ANYONE,
    "winner.erase": ANYONE,
    "winner.erased": ANYONE,
    "partner.home": ANYONE,
    "partner.ask": ANYONE,
    "partner.asked": ANYONE,
    "partner.leave": ANYONE,
    "partner.export": ANYONE,
    "partner.qr": ANYONE,
    "partner.figures": ANYONE,
    "public.short_link": ANYONE,
    "metrics.read": ANYONE,  # needs a token: see tests/web/test_metrics.py
    **dict.fromkeys(
        (
            "api.validate",
            "api.look_up",
            "api.redeem",
            "api.reverse",
            "api.listing",
            "api.campaign_figures",
            "api_docs.openapi",
            "api_docs.page",
            "counter.page",
            "counter.sign_in",
            "counter.sign_out",
            "counter.check",
            "counter.redeem",
            "counter.undo",
        ),
        ANYONE,  # needs no account: see SCOPES, and tests/web/test_counter.py for the PIN
    ),
    "account.sign_in": ANYONE,
    "account.sign_out": ANYONE,
    "account.link": ANYONE,
    "account.code": ANYONE,
    "account.report_mails.ask": ANYONE,  # the link in a mail: see tests/web/test_report_mails.py
    "account.report_mails.stop": ANYONE,
    "account.own.index": Role.VIEWER,
    "account.own.alert_mails": Role.VIEWER,
    "account.own.password": Role.VIEWER,
    "account.own.confirm": Role.VIEWER,
    "account.own.end_session": Role.VIEWER,
    "account.own.end_others": Role.VIEWER,
    "account.factor.begin": Role.VIEWER,
    "account.factor.set_up": Role.VIEWER,
    "account.factor.renew_codes": Role.VIEWER,
    "account.factor.switch_off": Role.VIEWER,
    "admin.campaigns.index": Role.VIEWER,
    "admin.campaigns.detail": Role.VIEWER,
    "admin.campaigns.figures_now": Role.VIEWER,
    "admin.campaigns.create": Role.EDITOR,
    "admin.campaigns.suggest_address": Role.EDITOR,
    "admin.campaigns.edit": Role.EDITOR,
    "admin.campaigns.status": Role.EDITOR,
    "admin.campaigns.set_status": Role.EDITOR,
    "admin.campaigns.rules": Role.VIEWER,
    "admin.campaigns.ask_archive": Role.EDITOR,
    "admin.campaigns.archive": Role.EDITOR,
    "admin.campaigns.unarchive": Role.EDITOR,
    "admin.watching.seen": Role.EDITOR,
    "admin.watching.resume": Role.EDITOR,
    "admin.watching.edit": Role.EDITOR,
    "admin.texts.index": Role.EDITOR,
    "admin.texts.speak": Role.EDITOR,
    "admin.watching.edit_tier": Role.EDITOR,
    "admin.campaign_files.copy": Role.EDITOR,
    "admin.campaign_files.export": Role.EDITOR,
    "admin.campaign_files.import_": Role.EDITOR,
    "trying.page": Role.VIEWER,
    "trying.play": Role.VIEWER,
    "trying.look": Role.VIEWER,
    "trying.reveal": Role.VIEWER,
    "admin.tiers.add": Role.EDITOR,
    "admin.tiers.edit": Role.EDITOR,
    "admin.tiers.switch": Role.EDITOR,
    "admin.tiers.move": Role.EDITOR,
    "admin.tiers.lose_weight": Role.EDITOR,
    "admin.tiers.remove": Role.EDITOR,
    "admin.tiers.chance": Role.EDITOR,
    "admin.pool_history.index": Role.VIEWER,
    "admin.prizes.index": Role.VIEWER,
    "admin.prizes.add": Role.EDITOR,
    "admin.prizes.edit": Role.EDITOR,
    "admin.prizes.remove": Role.EDITOR,
    "admin.codes.index": Role.EDITOR,
    "admin.codes.upload": Role.EDITOR,
    "admin.codes.generate": Role.EDITOR,
    "admin.codes.export": Role.EDITOR,
    "admin.codes.plan": Role.EDITOR,
    "admin.codes.progress": Role.EDITOR,
    "admin.code_search.index": Role.EDITOR,
    "admin.code_search.find": Role.EDITOR,
    "admin.codes.withdraw": Role.EDITOR,
    "admin.codes.settle": Role.EDITOR,
    "admin.winners.index": Role.VIEWER,
    "admin.winners.reveal": Role.EDITOR,
    "admin.winners.export": Role.EDITOR,
    "admin.winners.mail": Role.EDITOR,
    "admin.winners.export_workbook": Role.EDITOR,
    "admin.winners.edit": Role.EDITOR,
    "admin.entry_form.edit": Role.EDITOR,
    "form_preview.page": Role.EDITOR,
    "admin.look.edit": Role.EDITOR,
    "admin.look.draft": Role.EDITOR,
    "fitting.page": Role.VIEWER,
    "fitting.style": Role.VIEWER,
    "admin.entries.index": Role.VIEWER,
    "admin.entries.export": Role.EDITOR,
    "admin.entries.export_workbook": Role.EDITOR,
    "admin.entries.detail": Role.VIEWER,
    "admin.entries.handle": Role.EDITOR,
    "admin.entries.void": Role.EDITOR,
    "admin.entries.give_back": Role.EDITOR,
    "admin.entries.replace": Role.EDITOR,
    "admin.figures.index": Role.VIEWER,
    "admin.figures.mail_me": Role.VIEWER,
    "admin.figures.partners": Role.VIEWER,
    "admin.figures.partners_file": Role.VIEWER,
    "admin.figures.everything": Role.VIEWER,
    "admin.figures.edit_costs": Role.EDITOR,
    "admin.figures.compare": Role.VIEWER,
    "admin.partners.index": Role.VIEWER,
    "admin.partners.add": Role.EDITOR,
    "admin.partners.detail": Role.EDITOR,
    "admin.partners.keep": Role.EDITOR,
    "admin.partners.release": Role.EDITOR,
    "admin.partners.revoke": Role.EDITOR,
    "admin.partners.qr": Role.VIEWER,
    "admin.audit.index": Role.VIEWER,
    "admin.audit.everything": Role.ADMIN,
    "admin.audit.export": Role.EDITOR,
    "admin.audit.export_everything": Role.ADMIN,
    "admin.redemptions.index": Role.VIEWER,
    "admin.redemptions.import_": Role.EDITOR,
    "admin.keys.index": Role.ADMIN,
    "admin.keys.create": Role.ADMIN,
    "admin.keys.revoke": Role.ADMIN,
    "admin.locations.index": Role.ADMIN,
    "admin.locations.add": Role.ADMIN,
    "admin.locations.edit": Role.ADMIN,
    "admin.locations.switch": Role.ADMIN,
    **dict.fromkeys(
        [
            f"admin.webhooks.{act}"
            for act in ("index", "add", "detail", "edit", "test", "switch", "rotate", "remove", "replay")
        ],
        Role.ADMIN,
    ),
    "admin.accounts.index": Role.ADMIN,
    "admin.accounts.limit": Role.ADMIN,
    "admin.accounts.invite": Role.ADMIN,
    "admin.accounts.renew_link": Role.ADMIN,
    "admin.accounts.set_role": Role.ADMIN,
    "admin.accounts.disable": Role.ADMIN,
    "admin.accounts.enable": Role.ADMIN,
    "admin.accounts.reset_second_factor": Role.ADMIN,
}
# What needs a sign-in within the last minutes: always, or in a campaign that is no draft.
STEP_UP: dict[str, StepUp] = {
    "account.factor.set_up": StepUp.ALWAYS,
    "account.factor.renew_codes": StepUp.ALWAYS,
    "admin.figures.everything": StepUp.ALWAYS,
    "admin.figures.partners_file": StepUp.ALWAYS,
    "admin.tiers.add": StepUp.LIVE,
    "admin.tiers.edit": StepUp.LIVE,
    "admin.tiers.switch": StepUp.LIVE,
    "admin.tiers.move": StepUp.LIVE,
    "admin.tiers.lose_weight": StepUp.LIVE,
    "admin.tiers.remove": StepUp.LIVE,
    "admin.watching.resume": StepUp.LIVE,
    "admin.prizes.add": StepUp.LIVE,
    "admin.prizes.edit": StepUp.LIVE,
    "admin.prizes.remove": StepUp.LIVE,
    "admin.partners.keep": StepUp.LIVE,
    "admin.partners.release": StepUp.LIVE,
    "admin.codes.upload": StepUp.LIVE,
    "admin.codes.generate": StepUp.LIVE,
    "admin.codes.export": StepUp.ALWAYS,
    "admin.code_search.find": StepUp.ALWAYS,
    "admin.codes.withdraw": StepUp.LIVE,
    "admin.codes.settle": StepUp.LIVE,
    "admin.campaign_files.export": StepUp.ALWAYS,
    "admin.winners.reveal": StepUp.ALWAYS,
    "admin.winners.export": StepUp.ALWAYS,
    "admin.winners.export_workbook": StepUp.ALWAYS,
    "admin.entries.export": StepUp.ALWAYS,
    "admin.entries.export_workbook": StepUp.ALWAYS,
    "admin.entries.void": StepUp.LIVE,
    "admin.entries.give_back": StepUp.LIVE,
    "admin.entries.replace": StepUp.LIVE,
    "admin.audit.export": StepUp.ALWAYS,
    "admin.audit.export_everything": StepUp.ALWAYS,
    "admin.redemptions.import_": StepUp.LIVE,
    "admin.keys.create": StepUp.ALWAYS,
    "admin.keys.revoke": StepUp.ALWAYS,
    "admin.locations.add": StepUp.ALWAYS,
    "admin.locations.edit": StepUp.ALWAYS,
    "admin.locations.switch": StepUp.ALWAYS,
    **dict.fromkeys(
        [f"admin.webhooks.{act}" for act in ("add", "edit", "switch", "rotate", "remove")], StepUp.ALWAYS
    ),
    "admin.accounts.limit": StepUp.ALWAYS,
    "admin.accounts.invite": StepUp.ALWAYS,
    "admin.accounts.renew_link": StepUp.ALWAYS,
    "admin.accounts.set_role": StepUp.ALWAYS,
    "admin.accounts.disable": StepUp.ALWAYS,
    "admin.accounts.enable": StepUp.ALWAYS,
    "admin.accounts.reset_second_factor": StepUp.ALWAYS,
}
# What a key of the API must be good for.
SCOPES: dict[str, Scope] = {
    "api.validate": Scope.VALIDATE,
    "api.look_up": Scope.LOOK_UP,
    "api.redeem": Scope.REDEEM,
    "api.reverse": Scope.REDEEM,
    "api.listing": Scope.READ,
    "api.campaign_figures": Scope.FIGURES,
}
POOL = ("admin.tiers.", "admin.prizes.", "admin.codes.")
# What an address needs, by the name of its part; ids come with the data below.
PARTS = {
    "slug": "summer",
    "partner": "ayse",
    "token": "no-token",
    "word": "wheel",
    "outcome": "lost",
    "version": 1,
    "kind": "svg",
    "batch_id": 1,
    "filename": "css/tokens.css",
    "name": "0-1.webp",
    "redemption_id": UUID(int=2),
    "campaign_id": UUID(int=3),
} | {"session_id": UUID(int=1)}


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == ACCESS.keys()


def test_the_views_ask_for_the_role_in_the_table(app: Flask) -> None:
    asked = {name: getattr(view, "required_role", ANYONE) for name, view in app.view_functions.items()}
    assert asked == ACCESS


def test_the_views_ask_for_a_recent_sign_in_as_in_the_table(app: Flask) -> None:
    views = app.view_functions.items()
    assert {name: view.step_up for name, view in views if hasattr(view, "step_up")} == STEP_UP


def test_the_api_asks_for_the_scope_in_the_table(app: Flask) -> None:
    views = app.view_functions.items()
    assert {name: view.required_scope for name, view in views if hasattr(view, "required_scope")} == SCOPES
    assert {name for name in ACCESS if name.startswith("api.")} == SCOPES.keys()


def test_no_export_and_no_change_of_accounts_goes_without_a_recent_sign_in(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        is_export = "export" in rule.endpoint or rule.rule.endswith((".csv", ".xlsx", ".json"))
        is_change = rule.endpoint.startswith("admin.accounts.") and "POST" in (rule.methods or ())
        if is_change or (is_export and rule.endpoint.startswith("admin.")):
            assert STEP_UP.get(rule.endpoint) is StepUp.ALWAYS, rule


def test_no_change_of_the_pool_goes_without_a_recent_sign_in_while_it_matters(app: Flask) -> None:
    changes = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    pool = [rule.endpoint for rule in changes if rule.endpoint.startswith(POOL)]
    assert pool
    assert [endpoint for endpoint in pool if endpoint not in STEP_UP] == []


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
    partner = partners.add(session, campaign.id, "ayse", "Ayşe", actor=COMMAND_LINE, now=NOON, rng=FakeRng(2))
    submit_entry(session, submission(), now=NOON, rng=FakeRng(4), vault=VAULT)
    award = session.query(Award).one()
    endpoint_id, event_id = any_endpoint(session)
    found = PARTS | {
        "alert_id": _alert(session, campaign.id),
        "tier_id": tiers.listing(session, campaign.id)[0].id,
        "prize_id": prize.id,
        "partner_id": partner.id,
        "short": partner.short,
        "entry_id": award.entry_id,
        "key_id": api_till(session).api_key_id,
        "location_id": counter_till(session).location_id,
        "endpoint_id": endpoint_id,
        "event_id": event_id,
        "account_id": make_account(session, Role.VIEWER, "somebody@example.org").id,
    }
    session.commit()
    return found


def _alert(session: Session, campaign_id: UUID) -> UUID:
    due = Due(AlertKind.ENDS, "the end", {"at": NOON.isoformat()})
    (alert,) = alerts.keep_up(session, campaign_id, [due], now=NOON, rng=FakeRng(6))
    return alert.id


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


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_no_page_offers_a_role_what_it_may_not_do(
    app: Flask, session: Session, parts: dict[str, object], role: Role
) -> None:
    staff = sign_in(app, session, role)
    offered: set[tuple[str, str]] = set()
    for endpoint, method, path in calls(app, parts):
        needed = ACCESS[endpoint]
        if method == "GET" and needed is not None and role.covers(needed):
            answer = staff.get(path)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                offered |= {(path, endpoint) for endpoint in led_to(app, answer.get_data(as_text=True))}
    assert len(offered) > 50
    beyond = [(path, end) for path, end in offered if not role.covers(ACCESS[end] or Role.VIEWER)]
    assert beyond == []


def led_to(app: Flask, page: str) -> set[str]:
    """The endpoints of all a page links to or sends to."""
    adapter, found = app.url_map.bind("localhost"), set()
    for method, kind in (("GET", "href|hx-get"), ("POST", "action|formaction|hx-post")):
        for address in re.findall(rf'\s(?:{kind})="(/[^"?#]*)', page):
            with suppress(HTTPException):  # a form that only filters goes by GET
                found.add(adapter.match(address, method)[0])
    return found


def test_a_visitor_is_asked_to_sign_in(app: Flask, client: FlaskClient, parts: dict[str, object]) -> None:
    token = csrf_token(client.get("/account/sign-in").get_data(as_text=True))
    for endpoint, method, path in calls(app, parts):
        answer = client.get(path) if method == "GET" else client.post(path, data={"csrf_token": token})
        is_asked = answer.status_code == 303 and answer.location.startswith("/account/sign-in")
        if endpoint != "account.sign_out":
            needs = ACCESS[endpoint] is not None or endpoint == "account.code"
            assert is_asked == needs, f"{method} {path}: {answer.status}"
        else:
            token = csrf_token(client.get("/account/sign-in").get_data(as_text=True))
        answer.close()


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client: FlaskClient, parts: dict[str, object]) -> None:
    answer = client.get("/admin/campaigns/summer/prizes", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/account/sign-in")


@pytest.mark.parametrize("htmx", [False, True])
def test_an_old_sign_in_is_asked_for_again(
    app: Flask, session: Session, parts: dict[str, object], htmx: bool
) -> None:
    account = make_account(session, Role.ADMIN)
    staff = staff_of(app, session, account, proven=timedelta(minutes=15, seconds=1))
    headers = HTMX if htmx else {}
    for endpoint, method, path in calls(app, parts):
        if endpoint == "account.sign_out":
            continue
        answer = staff.get(path, headers=headers) if method == "GET" else staff.post(path, htmx=htmx)
        target = answer.headers.get("HX-Redirect", "") if htmx else answer.location or ""
        is_asked = target.startswith("/account/confirm")
        assert is_asked == (endpoint in STEP_UP), f"{method} {path}: {answer.status}"
        answer.close()


def test_in_a_draft_the_pool_can_be_changed_under_an_old_sign_in(app: Flask, session: Session) -> None:
    make_campaign(session, [TierSpec("Gold")], status=CampaignStatus.DRAFT)
    staff = staff_of(app, session, make_account(session, Role.EDITOR), proven=timedelta(hours=1))
    path = "/admin/campaigns/summer/tiers/no-win"
    assert staff.post(path, {"weight": "7"}).location.startswith("/admin/")


def test_a_limited_account_meets_nothing_of_other_campaigns(
    app: Flask, session: Session, parts: dict[str, object]
) -> None:
    make_campaign(session, [TierSpec("Gold")], slug="winter", seed=9)
    account = make_account(session, Role.EDITOR)
    winter = campaigns.get(session, "winter")
    restrictions.change(session, account.id, [winter.id], actor=COMMAND_LINE, now=NOON)
    staff = staff_of(app, session, account)
    met = {rule.endpoint for rule in app.url_map.iter_rules() if "slug" in rule.arguments}
    for endpoint, method, path in calls(app, parts):
        needed = ACCESS[endpoint]
        if needed is None or not Role.EDITOR.covers(needed) or not path.startswith("/admin"):
            continue
        answer = staff.get(path) if method == "GET" else staff.post(path)
        if endpoint in met:
            assert answer.status_code == 404, f"{method} {path}: {answer.status}"
        else:
            assert "/campaigns/summer" not in answer.get_data(as_text=True), path
    assert staff.get("/admin/campaigns/winter").status_code == 200
    assert "/campaigns/winter" in staff.page("/admin/")
    restrictions.change(session, account.id, None, actor=COMMAND_LINE, now=NOON)
    assert staff.get("/admin/campaigns/summer").status_code == 200


# The first two check their token themselves; some are sent by mail programs; the last three have it in their
# address; the API takes no cookie.
OWN_TOKEN = {
    *("public.enter", "public.remind", "winner.mail", "reminders.cancel", "public.mail_result"),
    "account.report_mails.stop",
    *SCOPES,
}


def test_every_form_needs_its_token(app: Flask, session: Session, parts: dict[str, object]) -> None:
    staff = sign_in(app, session, Role.ADMIN)
    for endpoint, method, path in calls(app, parts):
        if method == "POST" and endpoint not in OWN_TOKEN:
            assert staff.client.post(path).status_code == 400, path
