"""The console: one small blueprint per noun under /admin."""

from flask import Blueprint

from app.web.admin.accounts import blueprint as accounts
from app.web.admin.audit import blueprint as audit
from app.web.admin.campaign_files import blueprint as campaign_files
from app.web.admin.campaigns import blueprint as campaigns
from app.web.admin.code_search import blueprint as code_search
from app.web.admin.codes import blueprint as codes
from app.web.admin.entries import blueprint as entries
from app.web.admin.entry_form import blueprint as entry_form
from app.web.admin.figures import blueprint as figures
from app.web.admin.frame import frame
from app.web.admin.keys import blueprint as keys
from app.web.admin.locations import blueprint as locations
from app.web.admin.look import blueprint as look
from app.web.admin.partners import blueprint as partners
from app.web.admin.pool_history import blueprint as pool_history
from app.web.admin.prizes import blueprint as prizes
from app.web.admin.redemptions import blueprint as redemptions
from app.web.admin.texts import blueprint as texts
from app.web.admin.tiers import blueprint as tiers
from app.web.admin.urls import HexId
from app.web.admin.watching import blueprint as watching
from app.web.admin.webhooks import blueprint as webhooks
from app.web.admin.winners import blueprint as winners

admin = Blueprint("admin", __name__, url_prefix="/admin")
admin.record_once(lambda state: state.app.url_map.converters.update(id=HexId))
admin.context_processor(frame)
for noun in (
    campaigns,
    campaign_files,
    watching,
    texts,
    tiers,
    prizes,
    pool_history,
    codes,
    code_search,
    winners,
    look,
    entries,
    entry_form,
    partners,
    figures,
    audit,
    accounts,
    keys,
    redemptions,
    locations,
    webhooks,
):
    admin.register_blueprint(noun)
