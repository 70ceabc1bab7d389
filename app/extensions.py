"""Flask extensions, made once and bound to the application in `create_app`, and our own tools beside them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import current_app, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from app.adapters.captcha import Captcha
from app.adapters.cards import CardPress
from app.adapters.picture_code import PictureCode
from app.adapters.pictures import PictureStore
from app.adapters.second_factor import SecretVault
from app.adapters.seeds import SeedVault
from app.adapters.tokens import NonceMint, Signer
from app.config import MIN_PUBLIC_CAPTCHA_COST, Settings
from app.domain.chance import Rng
from app.domain.identity import network_prefix
from app.domain.launch import Site
from app.models import Base
from app.services.networks import Networks
from app.services.outbox import PostOffice
from app.services.webhooks import CallCentre


def client_address() -> str:
    """The visitor's address, without the port that some proxies put behind it."""
    address = request.remote_addr or "127.0.0.1"
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def known_network() -> str | None:
    """The visitor's network (IPv4 /24, IPv6 /48), never a single address; None where a proxy names none."""
    try:
        return network_prefix(client_address())
    except ValueError:
        return None


def client_network() -> str:
    """Who is counted for rate limits: all for whom a proxy names no address are counted as one."""
    return known_network() or "unknown"


# Services return what they read, and pages show it after the commit: nothing expires then.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})
migrate = Migrate()
csrf = CSRFProtect()
babel = Babel()
login = LoginManager()
# Limits hold over all processes while their storage answers, else in each process by itself.
limiter = Limiter(key_func=client_network, in_memory_fallback_enabled=True)


@dataclass(frozen=True, slots=True)
class Tools:
    """The settings and adapters that front ends hand to services."""

    settings: Settings
    rng: Rng
    vault: SeedVault
    secrets: SecretVault
    captcha: Captcha
    picture_code: PictureCode | None  # None: switched off
    signer: Signer
    nonces: NonceMint
    pictures: PictureStore
    cards: CardPress
    networks: Networks
    office: PostOffice | None  # None: mail is off
    calls: CallCentre

    @property
    def site(self) -> Site:
        """What the launch check has to know of this server."""
        settings = self.settings
        return Site(
            settings.is_local, settings.captcha_cost, MIN_PUBLIC_CAPTCHA_COST, settings.mail is not None
        )

    def now(self) -> datetime:
        """The present, aware, in UTC: front ends read the clock once and pass it on."""
        return datetime.now(UTC)


def tools() -> Tools:
    """The tools of the application at work."""
    found: Tools = current_app.extensions["prizewell"]
    return found
