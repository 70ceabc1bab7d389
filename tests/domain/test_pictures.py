"""Names of pictures: written, read back, and nothing else taken for one."""

import pytest

from app.domain.pictures import MAX_TEXT, Picture, key_in, read_picture

KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("width", "widths"),
    [(48, (48,)), (320, (320,)), (321, (320, 321)), (640, (320, 640)), (1200, (320, 640, 1200))],
)
def test_a_picture_is_kept_in_no_more_widths_than_it_has(width: int, widths: tuple[int, ...]) -> None:
    picture = Picture(KEY, width, 100)
    assert picture.widths == widths
    assert all(key_in(name) == KEY for name in picture.file_names)
    assert read_picture(str(picture)) == picture
    assert len(str(Picture(KEY, 99999, 99999))) <= MAX_TEXT


@pytest.mark.parametrize(
    "text", ["", KEY, f"{KEY}-0x1", f"{KEY}-1x", f"../{KEY}-1x1", f"{KEY}-1x1\n", "gift"]
)
def test_other_texts_are_no_picture(text: str) -> None:
    assert read_picture(text) is None


@pytest.mark.parametrize(
    "name", ["", f"{KEY}.webp", f"{KEY}-320.webp.new", f"../{KEY}-320.webp", f"{KEY}-320.svg"]
)
def test_other_names_are_no_file_of_ours(name: str) -> None:
    assert key_in(name) is None
