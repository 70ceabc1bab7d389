"""Bodies: JSON read strictly. What two readers could understand differently is refused."""

import json
import math
from typing import Any

MAX_DEPTH = 16


class NotJson(ValueError):
    """The body is not JSON as we take it; the text says why."""


def read_json(raw: bytes) -> Any:
    """The value of a body.

    Raises NotJson for other encodings than UTF-8, duplicate names, NaN and infinities, numbers without end,
    half characters, and nesting nobody needs.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise NotJson("The body is not UTF-8.") from error
    except RecursionError as error:
        raise NotJson("The body is nested too deeply.") from error
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson("The body is not JSON.") from error
    _check(value, MAX_DEPTH)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("A name stands twice in an object.")
    return found


def _no_constant(text: str) -> Any:
    raise NotJson(f"{text} is not JSON.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson("A number is too large.")
    return number


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise NotJson("The body is nested too deeply.")
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise NotJson("A text holds half a character.")
    elif isinstance(value, dict | list):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            _check(part, depth - 1)
