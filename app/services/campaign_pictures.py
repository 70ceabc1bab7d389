"""Pictures in the file of a campaign: carried as they are kept, and looked at like uploads when they come."""

import base64
import binascii
import io
from collections.abc import Iterable, Mapping

from app.adapters.pictures import PICTURE, NotAPicture, PictureStore, Shape
from app.domain.errors import InvalidInput
from app.domain.pictures import Picture
from app.services.plan_fields import bad

MAX_BYTES = 12 * 1024 * 1024  # of all pictures of a file


def packed(pictures: Iterable[Picture], store: PictureStore) -> dict[str, str]:
    """Each picture in its widest file, as text, by its key; those whose files are gone are left out.

    Raises InvalidInput when they are too many for a file.
    """
    bodies = {each.key: store.read(each.file_name(each.width)) for each in pictures}
    if sum(len(body) for body in bodies.values() if body) > MAX_BYTES:
        raise InvalidInput(
            "pictures", "the pictures take more than %(most)s MB in all", most=MAX_BYTES // (1024 * 1024)
        )
    return {key: base64.b64encode(body).decode() for key, body in bodies.items() if body}


def unpacked(raw: Mapping[str, object]) -> dict[str, bytes]:
    """The bytes of pictures that a file carries, by the keys they had. Raises InvalidInput."""
    found: dict[str, bytes] = {}
    for key, text in raw.items():
        try:
            found[key] = base64.b64decode(str(text), validate=True)
        except (binascii.Error, ValueError) as error:
            raise bad(f"pictures.{key[:40]}", InvalidInput("file", "a picture is expected here")) from error
    if sum(map(len, found.values())) > MAX_BYTES:
        problem = InvalidInput(
            "file", "the pictures take more than %(most)s MB in all", most=MAX_BYTES // (1024 * 1024)
        )
        raise bad("pictures", problem)
    return found


def brought(
    wanted: Picture | None, carried: Mapping[str, bytes], store: PictureStore, shape: Shape = PICTURE
) -> Picture | None:
    """The picture as it is kept here: drawn anew out of the file, or one that is here already; else none.

    Raises InvalidInput for what is no picture.
    """
    if wanted is None or store.has(wanted):
        return wanted
    body = carried.get(wanted.key)
    if body is None:
        return None
    try:
        return store.take_in(io.BytesIO(body), shape)
    except NotAPicture as error:
        raise bad(f"pictures.{wanted.key}", error) from error
