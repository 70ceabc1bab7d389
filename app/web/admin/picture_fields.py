"""A picture in a form of the console: the file that comes along, and the one that is kept meanwhile."""

from typing import Any, BinaryIO, cast

from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, HiddenField
from wtforms.validators import ValidationError

from app.adapters.pictures import PICTURE, NotAPicture, PictureStore, Shape
from app.domain.pictures import Picture, read_picture
from app.web.staff_forms import StaffForm
from app.web.wording import told


def sent_picture(field: FileField, store: PictureStore, shape: Shape = PICTURE) -> Picture | None:
    """The picture in the file that was sent, taken in; None where none was. Raises NotAPicture."""
    file = field.data
    if not (isinstance(file, FileStorage) and file.filename):
        return None
    try:
        return store.take_in(cast(BinaryIO, file.stream), shape)
    finally:
        file.close()


class OnePicture(StaffForm):
    """A form with one picture: `upload`, `picture` and `no_picture`."""

    upload: FileField
    picture: HiddenField
    no_picture: BooleanField
    _picture_error = ""

    def take_picture(self, store: PictureStore) -> None:
        """Keep the file that came along, whatever else is wrong with the form; and none that is not there."""
        try:
            sent = sent_picture(self.upload, store) if self.is_submitted() else None
        except NotAPicture as error:
            self._picture_error = told(error)
        else:
            if sent is not None:
                self.picture.data, self.no_picture.data = str(sent), False
        known = self.shown_picture
        if known is None or not store.has(known):
            self.picture.data = ""

    @property
    def shown_picture(self) -> Picture | None:
        """The picture in the form."""
        return read_picture(self.picture.data or "")

    def validate_upload(self, _field: Any) -> None:
        """Say what is wrong with the file."""
        if self._picture_error:
            raise ValidationError(self._picture_error)
