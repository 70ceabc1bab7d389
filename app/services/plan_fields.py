"""Plans of staff (what they decide about a campaign, a tier, a prize) as plain JSON values, and back.

New fields of a plan are carried by themselves. Ids are left out: they mean nothing elsewhere.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import NoneType
from typing import Any, TypeVar, get_args, get_type_hints

from app.domain.errors import InvalidInput, Worded
from app.domain.odds import InvalidOdds

T = TypeVar("T")


def bad(place: str, problem: Worded) -> InvalidInput:
    """What a file got wrong, and where in it."""
    return InvalidInput("file", "at %(place)s: %(problem)s", place=place, problem=problem)


def plan_from_row(kind: type[T], row: object, **instead: Any) -> T:
    """The plan that would make a row what it is; `instead` wins."""
    values = {field.name: getattr(row, field.name) for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**(values | instead))


def as_plain(plan: Any) -> dict[str, Any]:
    """A plan's fields as JSON holds them."""
    kinds = _kinds(type(plan))
    values = {name: getattr(plan, name) for name in kinds}
    return {name: _plain(value) for name, value in values.items()}


def from_plain(kind: type[T], raw: Mapping[str, Any], place: str, **instead: Any) -> T:
    """The plan that such fields make; missing ones get their default, `instead` wins.

    Raises InvalidInput that names the place of a field that is unknown, missing or of the wrong kind.
    """
    kinds = _kinds(kind)
    for name in raw:
        if name not in kinds:
            raise bad(f"{place}.{name}", InvalidInput("file", "no such field is known"))
    values = {name: _read(kinds[name], value, f"{place}.{name}") for name, value in raw.items()}
    for field in fields(kind):  # type: ignore[arg-type]
        if field.name not in values | instead and _is_needed(field):
            raise bad(f"{place}.{field.name}", InvalidInput("file", "this field is missing"))
    return kind(**(values | instead))


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _kinds(kind: type[Any]) -> dict[str, tuple[type, ...]]:
    """The types each field may have; fields of a type that no file can carry are left out."""
    kinds = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(kind).items()}
    return {
        name: found
        for name, found in kinds.items()
        if all(isinstance(one, type) and (issubclass(one, _CARRIED) or is_dataclass(one)) for one in found)
    }


_CARRIED = (str, bool, int, datetime, date, Decimal, NoneType)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {name: plain for name, plain in as_plain(value).items() if plain is not None}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def _read(kinds: tuple[type, ...], value: Any, place: str) -> Any:
    if value is None and NoneType in kinds:
        return None
    (kind,) = [one for one in kinds if one is not NoneType]
    if is_dataclass(kind) and isinstance(value, Mapping):
        return _nested(kind, value, place)
    try:
        return _converted(kind, value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise bad(place, InvalidInput("file", "%(value)s will not do here", value=_shown(value))) from error


def _nested(kind: type[Any], value: Mapping[str, Any], place: str) -> Any:
    try:
        return from_plain(kind, value, place)
    except InvalidOdds as error:
        raise bad(place, error) from error


def _converted(kind: type[Any], value: Any) -> Any:
    if kind in {bool, int}:
        if type(value) is not kind:
            raise TypeError
        return value
    if not isinstance(value, str):
        raise TypeError
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    return date.fromisoformat(value) if kind is date else kind(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:40]}…" if len(text) > 40 else text
