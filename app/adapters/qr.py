"""QR codes as drawings in a page."""

import segno


def qr_svg(text: str) -> str:
    """The text as a QR code: an SVG element that scales, black on white in every theme, without styles.

    Never a Micro QR code: telephones do not read those.
    """
    return segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, border=4, dark="#000", light="#fff"
    )
