"""Fields of a form that no person fills in."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from wtforms.widgets import html_params


class PagePart:
    """A field that the page fills in, or that nobody is to fill in."""

    __slots__ = ("data", "errors", "name", "type")

    def __init__(self, name: str, data: str, type_: str = "hidden") -> None:
        self.name, self.data, self.type = name, data, type_
        self.errors: Sequence[Any] = ()

    @property
    def id(self) -> str:
        """Of the control, and the beginning of that of its errors."""
        return self.name

    def __call__(self, **attributes: Any) -> Markup:
        """The control."""
        given = {"id": self.name, "name": self.name, "type": self.type, "value": self.data} | attributes
        return Markup(f"<input {html_params(**given)}>")  # noqa: S704 -- html_params escapes
