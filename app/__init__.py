"""Prizewell: an instant-win giveaway engine that can prove its draws fair."""

from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import cli, web
from app.adapters.captcha import AltchaCaptcha
from app.adapters.cards import CardPress
from app.adapters.chance import SystemRng
from app.adapters.database import connect_options, prepare_engine
from app.adapters.letters import Letters
from app.adapters.links import Links
from app.adapters.mail import make_mailer
from app.adapters.picture_code import PictureCode
from app.adapters.pictures import PictureStore
from app.adapters.rate_limits import KeptStorage
from app.adapters.second_factor import SecretVault
from app.adapters.seeds import SeedVault
from app.adapters.tokens import NonceMint, Signer
from app.adapters.webhooks import HttpCaller, NullCaller
from app.config import IN_MEMORY, PICTURES, RATE_LIMITS, ROOT, Settings, load_settings
from app.extensions import Tools, babel, csrf, db, limiter, login, migrate
from app.services.networks import Networks
from app.services.outbox import PostOffice
from app.services.webhooks import CallCentre
from app.web.locale import language

MAX_BODY_BYTES = 64 * 1024  # of any form but the code upload, which sets its own


def create_app(settings: Settings | None = None) -> Flask:
    """The application: configuration, extensions, adapters, blueprints, commands, in that order.

    Raises app.config.ConfigError when a setting is wrong or unsafe.
    """
    settings = settings or load_settings()
    app = Flask(
        __name__,
        root_path=str(Path(__file__).parent),
        template_folder=str(ROOT / "templates"),
        static_folder=None,  # app.web.static_files serves it
    )
    _configure(app, settings)
    _init_extensions(app, settings)
    _init_adapters(app, settings)
    app.jinja_env.globals["mail_is_on"] = settings.mail is not None
    web.register(app)
    cli.register(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="prizewell",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=12 * 3600,
        PREFERRED_URL_SCHEME="https" if settings.is_https else "http",
        TRUSTED_HOSTS=None if settings.is_local else [settings.public_host],
        WTF_CSRF_TIME_LIMIT=6 * 3600,
        WTF_CSRF_SSL_STRICT=False,  # referrers are not sent; the token is what is checked
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES=str(Path(__file__).parent / "translations"),
        RATELIMIT_ENABLED=settings.rate_limits,
        **_rate_limit_storage(settings),
        RATELIMIT_STRATEGY="sliding-window-counter",
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count)  # type: ignore[method-assign]


def _rate_limit_storage(settings: Settings) -> dict[str, object]:
    if settings.rate_limit_storage != IN_MEMORY:
        return {"RATELIMIT_STORAGE_URI": settings.rate_limit_storage}
    options = {"path": str(settings.instance / RATE_LIMITS), "secret": settings.secret_keys[0].encode()}
    return {"RATELIMIT_STORAGE_URI": f"{KeptStorage.SCHEME}://", "RATELIMIT_STORAGE_OPTIONS": options}


def engine_options(settings: Settings) -> dict[str, Any]:
    """What the database is opened with."""
    options: dict[str, Any] = {"pool_size": settings.threads + 2, "max_overflow": 8, "pool_timeout": 5}
    if not settings.is_sqlite:
        options["pool_pre_ping"] = True
        options["connect_args"] = connect_options(settings.database_url)
    return options


def _init_extensions(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine, settings.limits)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    csrf.init_app(app)
    babel.init_app(app, locale_selector=language)
    login.init_app(app)
    limiter.init_app(app)


def _init_adapters(app: Flask, settings: Settings) -> None:
    signer = Signer(settings.secret_keys)
    pictures = PictureStore(settings.instance / PICTURES)
    app.extensions["prizewell"] = Tools(
        settings=settings,
        rng=SystemRng(),
        vault=SeedVault(settings.seed_key),
        secrets=SecretVault(settings.seed_key),
        captcha=AltchaCaptcha(settings.secret_keys[0], settings.captcha_cost),
        picture_code=PictureCode(settings.secret_keys[0]) if settings.picture_code else None,
        signer=signer,
        nonces=NonceMint(settings.secret_keys[0]),
        pictures=pictures,
        cards=CardPress(pictures, ROOT / "static" / "fonts"),
        networks=Networks(settings.secret_keys[0].encode()),
        office=_post_office(settings, signer),
        calls=CallCentre(
            HttpCaller(settings.webhook_allow) if settings.webhooks else NullCaller(),
            SecretVault(settings.seed_key, b"prizewell/webhook"),
        ),
    )


def _post_office(settings: Settings, signer: Signer) -> PostOffice | None:
    mailer = make_mailer(settings.mail)
    if mailer is None:
        return None
    letters = Letters(ROOT / "templates" / "email", Path(__file__).parent / "translations")
    return PostOffice(mailer, letters, Links(settings.public_url, signer), settings.mail_from)
