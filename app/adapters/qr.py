"""QR codes: drawings in a page, and files to print."""

from io import BytesIO

import segno


def qr_svg(text: str) -> str:
    """The text as a QR code: an SVG element that scales, black on white in every theme, without styles.

    Never a Micro QR code: telephones do not read those.
    """
    return segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=4, dark="#000", light="#fff"
    )


def qr_file(text: str, kind: str) -> bytes:
    """The text as a QR code in a file to print, `svg` or `png`; black on white, with the quiet zone."""
    made = BytesIO()
    segno.make(text, error="m", micro=False).save(made, kind=kind, border=4, scale=16)
    return made.getvalue()
