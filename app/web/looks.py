"""What a campaign's pages wear: its style sheet, its pictures, and which sites may show them in a frame.

A page that knows a `campaign` asks `look(campaign)` for it; staff see a look that is not saved yet through
`try_on`.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

from flask import Flask, g, request, url_for
from markupsafe import Markup

from app.adapters.cards import Card
from app.domain.colours import WHITE
from app.domain.palette import Palette
from app.domain.pictures import Picture
from app.domain.theme import Corners, Fonts, Mode, Theme, Tone
from app.extensions import tools
from app.models import Campaign
from app.services import looks
from app.web import headers
from app.web.locale import language

FRAMED = frozenset(
    {
        "public.landing_page",
        "public.embedded",
        "public.embedded_via",
        "public.remind",
        "reminders.asked",
        "public.via_partner",
        "public.from_friend",
        "public.enter",
        "public.result",
        "public.rules",
        "public.kept_rules",
        "public.fairness",
    }
)

_SYSTEM = '-apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Noto Sans",system-ui,sans-serif'


@dataclass(frozen=True, slots=True)
class Face:
    """A bundled face for titles and how it is set. The bold faces of systems are scaled to it (`scaled`: in
    percent, with ascent and descent, for Roboto and for Arial), so that nothing moves when it arrives.
    """

    name: str
    folder: str
    scaled: tuple[tuple[float, float, float], tuple[float, float, float]]
    reading: str = _SYSTEM
    extra: str = ""


# The widths come from the method of static/fonts/README.md.
FACES = {
    Fonts.SERIF: Face(
        "Fraunces",
        "fraunces-600@5.3.0",
        ((107.7, 90.8, 23.7), (101.3, 96.6, 25.2)),
        extra="h1,h2,h3{letter-spacing:-.014em}",
    ),
    Fonts.ROUNDED: Face(
        "Nunito",
        "nunito-800@5.3.0",
        ((106.1, 95.3, 33.3), (99.8, 101.3, 35.4)),
        reading=f'ui-rounded,"SF Pro Rounded",{_SYSTEM}',
        extra="h1,h2,h3{letter-spacing:-.018em}",
    ),
    Fonts.POSTER: Face(
        "Barlow Condensed",
        "barlow-condensed-700@5.3.0",
        ((80.7, 123.9, 24.8), (75.9, 131.8, 26.4)),
        extra="h1,h2,h3{letter-spacing:0}"
        ".hero h1{font-size:clamp(2.25rem,1.5rem + 4.2vw,3.75rem);letter-spacing:-.005em;line-height:1}"
        ".entry-card h2,.reveal h2{font-size:1.8125rem}.prizes h2{font-size:1.5rem}"
        ".prize-words h3{font-size:1.25rem;line-height:1.1}.sponsor{font-size:1.3125rem}",
    ),
}
# What letters a file holds: as in static/css/base.css.
_LETTERS = {
    "latin": "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+2000-206F,"
    "U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
    "turkish": "U+011E-011F,U+0130,U+015E-015F,U+20BA",
    "central": "U+0102-0107,U+010C-0111,U+0118-011B,U+0139-013A,U+013D-013E,U+0141-0144,U+0147-0148,"
    "U+0150-0151,U+0154-0155,U+0158-015B,U+0160-0165,U+016E-0171,U+0179-017E,U+0218-021B",
    "latin-ext": "U+0100-0101,U+0108-010B,U+0112-0117,U+011C-011D,U+0120-012F,U+0132-0138,U+013B-013C,"
    "U+013F-0140,U+0145-0146,U+0149-014F,U+0156-0157,U+015C-015D,U+0166-016D,U+0172-0178,"
    "U+017F-0217,U+021C-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,"
    "U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20B9,U+20BB-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF",
}
_CORNERS = {
    Corners.SHARP: ":root{--r-1:0;--r-2:0;--r-3:0}.invited{border-radius:0}"
    "input[type=checkbox]{border-radius:0}",
    Corners.SOFT: "",
    Corners.ROUND: ":root{--r-1:14px;--r-2:20px;--r-3:28px}.button,button{border-radius:99px}"
    ".entrant input:not([type=checkbox],[type=radio]){padding-inline:1.125rem}",
}
_SHADES = {
    False: "--shadow-1:0 1px 2px rgb(60 45 20/6%),0 2px 8px rgb(60 45 20/4%);"
    "--shadow-2:0 2px 4px rgb(60 45 20/5%),0 18px 48px rgb(60 45 20/10%);"
    "--art-shade:24%;--art-light:#fff;",
    True: "--shadow-1:0 1px 2px rgb(0 0 0/40%);"
    "--shadow-2:0 2px 4px rgb(0 0 0/35%),0 24px 56px rgb(0 0 0/45%);"
    "--art-shade:30%;--art-light:#f1eee9;",
}
_DISC = {True: "color-mix(in oklab,var(--accent) 20%,var(--accent-soft))", False: "var(--card)"}
_TICK = (
    "url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none'"
    " stroke='%23{colour}' stroke-width='4' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath"
    " d='M20 6 9 17l-5-5'/%3E%3C/svg%3E\")"
)


@dataclass(frozen=True, slots=True)
class Look:
    """A campaign's look as templates use it; addresses are "" where there is nothing."""

    theme: Theme
    style_url: str
    font_url: str
    card_url: str  # with the host, as other sites need it
    page_url: str  # the same, of this page for whoever shares it
    paper: tuple[str, str]  # behind the page, in light and in dark
    scheme: str

    @property
    def logo(self) -> Picture | None:
        """The logo."""
        return self.theme.logo

    @property
    def hero(self) -> Picture | None:
        """The picture above the title."""
        return self.theme.hero


def register(app: Flask) -> None:
    """Give templates `look` and the filter `responsive`."""

    def responsive(picture: Picture, sizes: str, alt: str, class_: str, first: bool = False) -> Markup:
        """A picture that takes its room before it is there; the `first` one of a page comes first."""
        urls = [(url_for("picture", name=picture.file_name(width)), width) for width in picture.widths]
        return Markup(
            '<img class="{}" src="{}" srcset="{}" sizes="{}" width="{}" height="{}" alt="{}"'
            ' decoding="async"{}>'
        ).format(
            class_,
            urls[-1][0],
            ", ".join(f"{url} {width}w" for url, width in urls),
            sizes,
            picture.width,
            picture.height,
            alt,
            Markup(' fetchpriority="high"') if first else "",
        )

    app.jinja_env.globals["look"] = look
    app.jinja_env.filters["responsive"] = responsive


def try_on(theme: Theme, style_url: str) -> None:
    """Have the page at work wear a look that is not saved."""
    g.tried_look = (theme, style_url)


def look(campaign: Campaign) -> Look:
    """What the campaign's pages wear."""
    theme, style_url = g.get("tried_look") or (looks.theme_of(campaign), "")
    if theme.parents and request.endpoint in FRAMED:
        headers.allow("frame-ancestors", " ".join(theme.parents))
    if not style_url and not theme.has_usual_style:
        style_url = url_for("looks.style", slug=campaign.slug, v=version_of(theme, campaign.accent))
    light, dark = theme.palettes(campaign.accent)
    face = "familjen-grotesk-600@5.3.0" if theme.fonts is Fonts.GROTESK else FACES[theme.fonts].folder
    card = url_for("looks.card", slug=campaign.slug, lang=language(), v=card_version(card_of(campaign)))
    return Look(
        theme,
        style_url,
        font_url=url_for("static", filename=f"fonts/{face}/latin.woff2"),
        card_url=_absolute(card),
        page_url=_absolute(_shared_path(campaign)),
        paper=(light["paper"], dark["paper"]),
        scheme={Mode.FOLLOW: "light dark", Mode.LIGHT: "light", Mode.DARK: "dark"}[theme.mode],
    )


def card_of(campaign: Campaign) -> Card:
    """What the campaign's card shows, in the words it is given with."""
    theme = replace(looks.theme_of(campaign), parents=())
    return Card(theme, campaign.accent, campaign.title, campaign.sponsor)


def card_version(card: Card) -> str:
    """The fingerprint of a card: another one, another address."""
    return _digest(repr(card))


def style_sheet(theme: Theme, accent: str) -> str:
    """The style sheet of that look, on top of those that all pages share."""
    return _style_sheet(theme, accent, url_for("static", filename="fonts/"))


def version_of(theme: Theme, accent: str) -> str:
    """The fingerprint of that style sheet: another one, another address."""
    return _digest(_style_sheet(theme, accent, url_for("static", filename="fonts/")))


@lru_cache(maxsize=256)
def _style_sheet(theme: Theme, accent: str, fonts: str) -> str:
    """As above; `fonts` is the address of their folder."""
    light, dark = theme.palettes(accent)
    parts = [_faces(theme.fonts, fonts), "@layer page{", f":root{{{_colours(light, theme)}}}"]
    if theme.mode is Mode.FOLLOW:
        parts += ["@media (prefers-color-scheme:dark){", f":root{{{_colours(dark, theme)}}}", "}"]
    else:
        parts.append(f".stage{{--disc:{_DISC[light.is_dark]}}}")
    if theme.fonts in FACES:
        face = FACES[theme.fonts]
        names = f'"{face.name}","Title on Roboto","Title on Arial"'
        parts.append(
            f":root{{--font-text:{face.reading};--font-display:{names},var(--font-text)}}{face.extra}"
        )
    parts += [_CORNERS[theme.corners], _plate(theme), "}"]
    return "".join(parts)


@lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _colours(palette: Palette, theme: Theme) -> str:
    declared = "".join(f"--{name}:{colour};" for name, colour in palette.colours.items())
    is_bright = palette["on-accent"] != WHITE  # drawings take more of such a colour
    tint = 42 if palette.is_dark else 62 if is_bright else 34
    tick = _TICK.format(colour="141210" if palette.is_dark else "fff")
    settled = "" if theme.mode is Mode.FOLLOW else f"{_SHADES[palette.is_dark]}--mark-tick:{tick};"
    scheme = {Mode.FOLLOW: "light dark", Mode.LIGHT: "light", Mode.DARK: "dark"}[theme.mode]
    return f"color-scheme:{scheme};{declared}--art-tint:{tint}%;{settled}"


def _faces(fonts: Fonts, folder: str) -> str:
    if fonts not in FACES:
        return ""
    face = FACES[fonts]
    own = "".join(
        f'@font-face{{font-family:"{face.name}";font-weight:600;font-display:swap;'
        f'src:url("{folder}{face.folder}/{part}.woff2") format("woff2");unicode-range:{letters}}}'
        for part, letters in _LETTERS.items()
    )
    locals_ = {
        "Roboto": '"Roboto Bold"),local("Roboto-Bold"',
        "Arial": '"Arial Bold"),local("Arial-BoldMT"),local("Liberation Sans Bold"),local("Arimo Bold"',
    }
    return own + "".join(
        f'@font-face{{font-family:"Title on {name}";font-weight:600;src:local({found});size-adjust:{size}%;'
        f"ascent-override:{ascent}%;descent-override:{descent}%;line-gap-override:0%}}"
        for (name, found), (size, ascent, descent) in zip(locals_.items(), face.scaled, strict=True)
    )


def _plate(theme: Theme) -> str:
    """A ground of its own for a logo where it would vanish."""
    rule = {
        Tone.DARK: ".logo{padding:.5rem .75rem;border-radius:var(--r-1);background:#fff}",
        Tone.LIGHT: ".logo{padding:.5rem .75rem;border-radius:var(--r-1);background:#1f1b16}",
    }.get(theme.logo_tone, "")
    hidden_in_dark = theme.logo_tone is Tone.DARK
    if not rule:
        return ""
    if theme.mode is Mode.FOLLOW:
        return f"@media (prefers-color-scheme:{'dark' if hidden_in_dark else 'light'}){{{rule}}}"
    return rule if (theme.mode is Mode.DARK) == hidden_in_dark else ""


def _shared_path(campaign: Campaign) -> str:
    """Whoever shares a partner's page shares it as that partner's."""
    if request.endpoint == "public.via_partner":
        return str(g.get("page_path", request.path))
    return url_for("public.landing_page", slug=campaign.slug, lang=None)


def _absolute(path: str) -> str:
    return tools().settings.public_url + path
