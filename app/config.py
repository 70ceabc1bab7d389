"""Typed settings, read once from the environment. A wrong or unsafe one stops the start and says why."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.adapters.database import Isolation, Limits
from app.adapters.mail import ConsoleRoute, FolderRoute, Route, Sender, SmtpRoute, parse_route, parse_sender
from app.domain.identity import is_loopback
from app.domain.webhooks import Origin, parse_origin

VERSION = "0.1.0"  # as in pyproject.toml
ROOT = Path(__file__).resolve().parent.parent
SECRETS_FILE = "secrets.json"
DATABASE_FILE = "prizewell.sqlite3"
MAIL_FOLDER = "mail"
PICTURES = "pictures"
RATE_LIMITS = "rate-limits.json"
IN_MEMORY = "memory://"
MIN_SECRET_LENGTH = 32
MIN_TOKEN_LENGTH = 20
MIN_PUBLIC_CAPTCHA_COST = 1000

T = TypeVar("T")


class ConfigError(Exception):
    """A setting is missing, malformed or unsafe; the text names it and says what to do."""


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Everything the environment decides. Secrets never show in its repr."""

    instance: Path
    database_url: str
    limits: Limits  # of PostgreSQL
    secret_keys: tuple[str, ...]  # newest first; the rest only verify
    seed_key: bytes  # 32 bytes; opens the sealed seeds
    public_url: str  # no trailing slash
    trusted_proxies: int
    captcha_cost: int
    picture_code: bool  # for browsers without JavaScript
    least_fill_seconds: int
    rate_limits: bool
    rate_limit_storage: str
    mail: Route | None  # None: mail is off, and no page may promise any
    mail_from: Sender
    webhooks: bool  # whether other systems are called
    webhook_allow: tuple[Origin, ...]  # what may be called beside https on the public internet
    worker: bool  # whether `serve` runs one beside the web server
    metrics_token: str  # who may read /metrics; "": nobody
    host: str
    port: int
    threads: int
    processes: int
    debug: bool

    @property
    def is_sqlite(self) -> bool:
        """True when the data lives in one SQLite file."""
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        """True when visitors come over HTTPS."""
        return self.public_url.startswith("https://")

    @property
    def public_host(self) -> str:
        """Host name of the public address, without port."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_local(self) -> bool:
        """True while only this machine can visit."""
        return is_loopback(self.public_host)

    @property
    def lets_the_network_in(self) -> bool:
        """True when other machines can connect although the public address is this machine's own."""
        return self.is_local and not is_loopback(self.host)

    def __repr__(self) -> str:
        return f"Settings(public_url={self.public_url!r}, instance={str(self.instance)!r})"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read, check and freeze the settings; makes the instance folder and its secrets the first time.

    Raises ConfigError on the first setting that is wrong or, on a public address, unsafe.
    """
    env = os.environ if environ is None else environ
    instance = Path(env.get("PRIZEWELL_INSTANCE") or ROOT / "instance").absolute()
    _make_folder(instance, "PRIZEWELL_INSTANCE")
    stored = _stored_secrets(instance, env)
    host = env.get("HOST") or "127.0.0.1"
    port = _read(env, "PORT", _whole(1, 65535), 8000)
    public_url = _read(env, "PRIZEWELL_PUBLIC_URL", _public_url, f"http://{_browsable(host)}:{port}")
    mail = _mail(env, instance, public_url)
    settings = Settings(
        instance=instance,
        database_url=_read(
            env, "PRIZEWELL_DATABASE_URL", _database_url, f"sqlite:///{instance / DATABASE_FILE}"
        ),
        limits=_limits(env),
        secret_keys=_secret_keys(env.get("PRIZEWELL_SECRET_KEY") or stored["secret_key"]),
        seed_key=_seed_key(env.get("PRIZEWELL_SEED_KEY") or stored["seed_key"]),
        public_url=public_url,
        trusted_proxies=_read(env, "PRIZEWELL_TRUSTED_PROXIES", _whole(0, 10), 0),
        captcha_cost=_read(env, "PRIZEWELL_CAPTCHA_COST", _whole(1, 1_000_000), 5000),
        picture_code=_read(env, "PRIZEWELL_PICTURE_CODE", _switch, True),
        least_fill_seconds=_read(env, "PRIZEWELL_LEAST_FILL_SECONDS", _whole(0, 60), 2),
        rate_limits=_read(env, "PRIZEWELL_RATE_LIMITS", _switch, True),
        rate_limit_storage=_read(env, "PRIZEWELL_RATE_LIMIT_STORAGE", _storage, IN_MEMORY),
        mail=mail,
        mail_from=_mail_from(env, mail, public_url),
        webhooks=_read(env, "PRIZEWELL_WEBHOOKS", _switch, True),
        webhook_allow=_read(env, "PRIZEWELL_WEBHOOK_ALLOW", _origins, ()),
        worker=_read(env, "PRIZEWELL_WORKER", _switch, True),
        metrics_token=_read(env, "PRIZEWELL_METRICS_TOKEN", _token, ""),
        host=host,
        port=port,
        threads=_read(env, "PRIZEWELL_THREADS", _whole(1, 256), 8),
        processes=_read(env, "PRIZEWELL_PROCESSES", _whole(1, 64), 1),
        debug=_read(env, "FLASK_DEBUG", _switch, False),
    )
    _check(settings)
    if settings.is_sqlite:
        _make_folder(Path(make_url(settings.database_url).database or "").parent, "PRIZEWELL_DATABASE_URL")
    return settings


def _check(settings: Settings) -> None:
    if settings.is_sqlite and settings.processes > 1:
        raise ConfigError("PRIZEWELL_PROCESSES: SQLite is fastest in one process; use PostgreSQL for more")
    if settings.rate_limits and settings.processes > 1 and settings.rate_limit_storage == IN_MEMORY:
        raise ConfigError(
            "PRIZEWELL_RATE_LIMIT_STORAGE: several processes must count together; give a redis:// address"
        )
    if settings.is_local:
        return
    unsafe = {
        "PRIZEWELL_PUBLIC_URL: a public address must begin with https://": not settings.is_https,
        "FLASK_DEBUG: must be off on a public address": settings.debug,
        "PRIZEWELL_MAIL: a public site's mail is not for the screen: it would show won codes": (
            isinstance(settings.mail, ConsoleRoute)
        ),
        "PRIZEWELL_RATE_LIMITS: must be on for a public address": not settings.rate_limits,
        f"PRIZEWELL_CAPTCHA_COST: at least {MIN_PUBLIC_CAPTCHA_COST} on a public address": (
            settings.captcha_cost < MIN_PUBLIC_CAPTCHA_COST
        ),
    }
    for message, is_unsafe in unsafe.items():
        if is_unsafe:
            raise ConfigError(message)


def _mail(env: Mapping[str, str], instance: Path, public_url: str) -> Route | None:
    """Where mail goes: without the setting into a folder, and on a public address nowhere."""
    is_local = is_loopback(urlsplit(public_url).hostname or "")
    default: Route | None = FolderRoute(instance / MAIL_FOLDER) if is_local else None
    return _read(env, "PRIZEWELL_MAIL", parse_route, default)


def _mail_from(env: Mapping[str, str], mail: Route | None, public_url: str) -> Sender:
    host = urlsplit(public_url).hostname or ""
    sender = _read(env, "PRIZEWELL_MAIL_FROM", parse_sender, None)
    if sender is not None:
        return sender
    if isinstance(mail, SmtpRoute) and not is_loopback(mail.host):
        raise ConfigError(
            "PRIZEWELL_MAIL_FROM: say which address mail comes from, such as Name <win@example.org>"
        )
    return Sender("noreply@localhost" if is_loopback(host) else f"noreply@{host}")


def _stored_secrets(instance: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The secrets under the instance folder, made once (mode 0600) unless the environment has them all."""
    if env.get("PRIZEWELL_SECRET_KEY") and env.get("PRIZEWELL_SEED_KEY"):
        return {"secret_key": "", "seed_key": ""}
    path = instance / SECRETS_FILE
    try:
        if not path.exists():
            fresh = {"secret_key": secrets.token_hex(32), "seed_key": secrets.token_hex(32)}
            _write_once(path, json.dumps(fresh, indent=2) + "\n")
        content = path.read_text()
    except OSError as error:
        raise ConfigError(
            f"PRIZEWELL_INSTANCE: {SECRETS_FILE} cannot be kept there ({error.strerror})"
        ) from error
    try:
        stored = json.loads(content)
        return {"secret_key": str(stored["secret_key"]), "seed_key": str(stored["seed_key"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{SECRETS_FILE} in the instance folder cannot be read: restore it from a backup"
        ) from error


def _make_folder(folder: Path, setting: str) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{setting}: {folder} cannot be made a folder ({error.strerror})") from error


def _write_once(path: Path, content: str) -> None:
    """Put a whole, private file in place; when two starts race, the first one's file stays."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _read(env: Mapping[str, str], name: str, parse: Callable[[str], T], default: T | str) -> T:
    raw = env.get(name, "").strip()
    if not raw and not isinstance(default, str):
        return default
    try:
        return parse(raw or str(default))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(raw: str) -> int:
        if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(raw)

    return parse


def _switch(raw: str) -> bool:
    known = {"on": True, "1": True, "true": True, "off": False, "0": False, "false": False}
    if raw.lower() not in known:
        raise ValueError("must be on or off")
    return known[raw.lower()]


def _database_url(raw: str) -> str:
    try:
        url = make_url(raw)
    except ArgumentError:
        raise ValueError("is not a database address") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    if backend != "sqlite":
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file: a database in memory would lose every win")
    # Flask-SQLAlchemy reads a relative path from its own folder; people mean the one they are in.
    return url.set(database=str(Path(url.database).absolute())).render_as_string(hide_password=False)


def _limits(env: Mapping[str, str]) -> Limits:
    return Limits(
        _read(env, "PRIZEWELL_ISOLATION", _isolation, Isolation.READ_COMMITTED.value),
        _read(env, "PRIZEWELL_LOCK_TIMEOUT", _whole(1, 60), 1),
        _read(env, "PRIZEWELL_STATEMENT_TIMEOUT", _whole(0, 86_400), 60),
    )


def _isolation(raw: str) -> Isolation:
    if raw not in set(Isolation):
        raise ValueError(f"must be one of {', '.join(Isolation)}")
    return Isolation(raw)


def _origins(raw: str) -> tuple[Origin, ...]:
    return tuple(parse_origin(each.strip()) for each in raw.split(",") if each.strip())


def _storage(raw: str) -> str:
    if raw != IN_MEMORY and not raw.startswith(("redis://", "rediss://", "redis+")):
        raise ValueError("must be memory:// or a redis:// address")
    return raw


def _token(raw: str) -> str:
    if raw and (len(raw) < MIN_TOKEN_LENGTH or not raw.isascii() or not raw.isprintable() or " " in raw):
        raise ValueError(f"must be at least {MIN_TOKEN_LENGTH} letters, digits and signs, without spaces")
    return raw


def _public_url(raw: str) -> str:
    parts = urlsplit(raw)
    _ = parts.port  # raises ValueError for one that is none
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be like https://win.example.org")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an address only, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _secret_keys(raw: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in raw.split(",") if key.strip())
    if not keys or any(len(key) < MIN_SECRET_LENGTH or len(set(key)) < 8 for key in keys):
        raise ConfigError(
            f"PRIZEWELL_SECRET_KEY: each key must be random and at least {MIN_SECRET_LENGTH} characters;"
            " make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return keys


def _seed_key(raw: str) -> bytes:
    try:
        key = bytes.fromhex(raw)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ConfigError(
            "PRIZEWELL_SEED_KEY: must be 64 hex digits; the seeds of all draws are sealed with it"
        )
    return key


def _browsable(host: str) -> str:
    """The name to visit a server under that listens on `host`."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 -- compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
