"""The form of a campaign's look, and how its values become a theme and back."""

from typing import Any, cast

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.validators import ValidationError

from app.adapters.pictures import LOGO, PICTURE, NotAPicture, PictureStore
from app.domain.palette import Ground
from app.domain.pictures import Picture, read_picture
from app.domain.theme import MAX_ALT, Corners, Fonts, Mode, Reading, Theme, parse
from app.web.admin.picture_fields import sent_picture
from app.web.staff_forms import AtMost, Line, Paragraphs, StaffForm, Version, choice
from app.web.wording import told

GROUND_NAMES: dict[str, Any] = {
    Ground.WARM: _l("Warm"),
    Ground.COOL: _l("Cool"),
    Ground.PLAIN: _l("Plain"),
    Ground.BRAND: _l("A breath of the brand’s colour"),
}
FONT_NAMES: dict[str, Any] = {
    Fonts.GROTESK: _l("Clear and modern"),
    Fonts.SERIF: _l("Elegant, with serifs"),
    Fonts.ROUNDED: _l("Friendly and round"),
    Fonts.POSTER: _l("Loud, like a poster"),
}
MODE_NAMES: dict[str, Any] = {
    Mode.FOLLOW: _l("As the visitor’s device has it"),
    Mode.LIGHT: _l("Always light"),
    Mode.DARK: _l("Always dark"),
}
CORNER_NAMES: dict[str, Any] = {
    Corners.SHARP: _l("Sharp"),
    Corners.SOFT: _l("Soft"),
    Corners.ROUND: _l("Round"),
}
_KEPT_IN = {"logo": LOGO, "hero": PICTURE}


class LookForm(StaffForm):
    """Brand, colours, type and shape of a campaign's pages, and who may show them."""

    logo_upload = FileField(
        _l("Logo"),
        description=_l(
            "PNG or WebP with nothing behind it looks best. It stands in place of the sponsor’s name."
        ),
    )
    logo = HiddenField()
    logo_tone = HiddenField()
    no_logo = BooleanField(_l("No logo"))
    hero_upload = FileField(
        _l("Picture above the title"),
        description=_l("JPEG, PNG, WebP or GIF; 8 MB at most. Wide ones fit best: 1200 × 690 and more."),
    )
    hero = HiddenField()
    no_hero = BooleanField(_l("No picture: show the prizes there"))
    hero_alt = Line(
        _l("What the picture shows"),
        [AtMost(MAX_ALT)],
        description=_l("For people who cannot see it. Left empty, it is passed over as decoration."),
    )
    colour = Line(
        _l("The brand’s colour"),
        [AtMost(20)],
        description=_l(
            "Such as #0a7cff. Left empty, it is the accent colour of the settings. Texts and links get shades"
            " of it that can be read."
        ),
    )
    ground = RadioField(
        _l("Page behind"), choices=[choice(str(key), name) for key, name in GROUND_NAMES.items()]
    )
    mode = RadioField(
        _l("Light or dark"), choices=[choice(str(key), name) for key, name in MODE_NAMES.items()]
    )
    fonts = RadioField(_l("Type"), choices=[choice(str(key), name) for key, name in FONT_NAMES.items()])
    corners = RadioField(
        _l("Corners"), choices=[choice(str(key), name) for key, name in CORNER_NAMES.items()]
    )
    parents = Paragraphs(
        _l("Sites that may show it"),
        [AtMost(4000)],
        description=_l("One to a line, such as https://shop.example.org. Left empty, no other site may."),
    )
    reason = Line(_l("Reason"), [AtMost(200)], description=_l("Kept in the audit list."))
    version = Version()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._upload_errors: dict[str, str] = {}

    def take_pictures(self, store: PictureStore) -> None:
        """Keep the files that came along, whatever else is wrong; and none that is not there."""
        for name, kept_in in _KEPT_IN.items():
            upload = self[f"{name}_upload"]
            try:
                sent = sent_picture(upload, store, kept_in) if self.is_submitted() else None
            except NotAPicture as error:
                self._upload_errors[name] = told(error)
            else:
                if sent is not None:
                    self._show(name, sent, store)
            shown = self.picture(name)
            if shown is None or not store.has(shown):
                cast(Any, self[name]).data = ""

    def picture(self, name: str) -> Picture | None:
        """The picture in the form, `logo` or `hero`."""
        return read_picture(self[name].data or "")

    def validate_logo_upload(self, _field: FileField) -> None:
        """Say what is wrong with the file."""
        self._refuse("logo")

    def validate_hero_upload(self, _field: FileField) -> None:
        """Say what is wrong with the file."""
        self._refuse("hero")

    def validate_colour(self, _field: Line) -> None:
        """A colour, or nothing."""
        self._told_of("colour")

    def validate_parents(self, _field: Paragraphs) -> None:
        """Addresses of sites."""
        self._told_of("parents")

    def reading(self) -> Reading:
        """The theme as far as the fields make one, and what is wrong with the rest."""
        return parse(
            {
                "logo": "" if self.no_logo.data else self.logo.data or "",
                "logo_tone": "" if self.no_logo.data else self.logo_tone.data or "",
                "hero": "" if self.no_hero.data else self.hero.data or "",
                "hero_alt": self.hero_alt.data or "",
                "colour": self.colour.data or "",
                "ground": self.ground.data,
                "mode": self.mode.data,
                "fonts": self.fonts.data,
                "corners": self.corners.data,
                "parents": [line for line in (self.parents.data or "").split("\n") if line.strip()],
            }
        )

    def _show(self, name: str, picture: Picture, store: PictureStore) -> None:
        cast(Any, self[name]).data = str(picture)
        cast(Any, self[f"no_{name}"]).data = False
        if name == "logo":
            self.logo_tone.data = store.tone(picture)

    def _refuse(self, name: str) -> None:
        if name in self._upload_errors:
            raise ValidationError(self._upload_errors[name])

    def _told_of(self, name: str) -> None:
        problems = [told(problem) for problem in self.reading().problems if problem.field == name]
        if problems:
            raise ValidationError(" ".join(problems))


def values_of(theme: Theme) -> dict[str, Any]:
    """A theme's values as the form's fields hold them."""
    return {
        "logo": str(theme.logo or ""),
        "logo_tone": theme.logo_tone.value,
        "hero": str(theme.hero or ""),
        "hero_alt": theme.hero_alt,
        "colour": theme.colour,
        "ground": theme.ground.value,
        "mode": theme.mode.value,
        "fonts": theme.fonts.value,
        "corners": theme.corners.value,
        "parents": "\n".join(theme.parents),
    }
