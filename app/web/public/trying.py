"""The entrants' pages as staff try them: the real pages and the real draw, and nothing is stored."""

from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from werkzeug.exceptions import NotFound as PageNotFound

from app.domain.errors import InvalidInput
from app.domain.outcomes import Outcome
from app.domain.reveals import Reveal
from app.domain.roles import Role
from app.extensions import db, tools
from app.models import Campaign
from app.services import campaigns, landing, trial
from app.web.access import requires
from app.web.campaign_words import in_words, outcome_in_words, page_in_words
from app.web.public.forms import EntryForm, form_class
from app.web.public.showing import told_of
from app.web.wording import REVEAL_NAMES

trying = Blueprint("trying", __name__, url_prefix="/admin/campaigns/<slug>/try")

SOMEBODY = "somebody@example.org"


@trying.get("")
@requires(Role.VIEWER)
def page(slug: str) -> str:
    """The landing page as visitors will see it, under a banner; also of a draft."""
    return _page(slug, form_class(campaigns.get(db.session(), slug))())


@trying.post("")
@requires(Role.VIEWER)
def play(slug: str) -> Response:
    """Draw the form as a real one is drawn, from a seed that is thrown away."""
    campaign = campaigns.get(db.session(), slug)
    form = form_class(campaign)(request.form)
    if not form.validate_on_submit():
        if not request.headers.get("HX-Request"):
            return make_response(_page(slug, form), 422)
        content = render_template(
            "public/_entry_form.html",
            page=page_in_words(landing.preview_page(db.session(), slug)),
            form=form,
            **_links(slug),
        )
        return make_response(content, 422)
    outcome = trial.play(db.session(), campaign, str(form.email.data), now=tools().now(), rng=tools().rng)
    return _reveal(campaign, outcome)


@trying.post("/look")
@requires(Role.VIEWER)
def look(slug: str) -> Response:
    """Show a win of one tier, or no win, whatever the odds are."""
    campaign = campaigns.get(db.session(), slug)
    now, rng = tools().now(), tools().rng
    wanted = request.form.get("show", "")
    if wanted == "loss":
        return _reveal(campaign, trial.lose(campaign, now=now, rng=rng))
    try:
        tier_id = UUID(hex=wanted)
    except ValueError:
        raise InvalidInput("show", "Choose what to look at.") from None
    return _reveal(campaign, trial.win(db.session(), campaign, tier_id, SOMEBODY, now=now, rng=rng))


@trying.get("/reveal/<word>/<outcome>")
@requires(Role.VIEWER)
def reveal(slug: str, word: str, outcome: str) -> Response:
    """One way to show a result, over a win or no win: whatever the campaign has chosen, and the odds."""
    campaign = campaigns.get(db.session(), slug)
    if word not in {one.value for one in Reveal} or outcome not in {"won", "lost"}:
        raise PageNotFound
    now, rng = tools().now(), tools().rng
    found = trial.tiers_with_prizes(db.session(), campaign.id) if outcome == "won" else []
    if outcome == "won" and not found:
        raise InvalidInput("show", "Give it a prize first: then there is a win to look at.")
    shown: Outcome = (
        trial.win(db.session(), campaign, found[0].id, SOMEBODY, now=now, rng=rng)
        if found
        else trial.lose(campaign, now=now, rng=rng)
    )
    return _reveal(campaign, shown, Reveal(word))


def _page(slug: str, form: EntryForm) -> str:
    shown = page_in_words(landing.preview_page(db.session(), slug))
    form.nonce.data = tools().nonces.mint(tools().rng).hex()
    return render_template(
        "public/trying.html", page=shown, form=form, **_links(slug), **_choices(shown.campaign)
    )


def _reveal(campaign: Campaign, outcome: Outcome, shown_as: Reveal | None = None) -> Response:
    template = "_trying_result" if request.headers.get("HX-Request") else "trying_result"
    content = render_template(
        f"public/{template}.html",
        campaign=in_words(campaign),
        outcome=outcome_in_words(campaign, outcome),
        reveal=shown_as or campaign.reveal,
        fresh=True,
        mail_url="",
        share_url=tools().settings.public_url + url_for("public.landing_page", slug=campaign.slug),
        **told_of(outcome),
        **_links(campaign.slug),
        **_choices(campaign),
    )
    answer = make_response(content)
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def _links(slug: str) -> dict[str, str]:
    here = url_for("trying.page", slug=slug)
    return {
        "submit_url": here,
        "landing_url": here,
        "challenge_url": url_for("public.challenge", slug=slug),
        "rules_url": url_for("admin.campaigns.rules", slug=slug),
        "fairness_url": url_for("public.fairness", slug=slug),
    }


def _choices(campaign: Campaign) -> dict[str, object]:
    """What the banner needs: the tiers one can look at a win of."""
    return {
        "look_url": url_for("trying.look", slug=campaign.slug),
        "console_url": url_for("admin.campaigns.detail", slug=campaign.slug),
        "tiers": trial.tiers_with_prizes(db.session(), campaign.id),
        "reveals": REVEAL_NAMES,
    }
