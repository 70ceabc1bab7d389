"""How commands end: a wrong command line, a refused change and a missing table are one clear line, exit 1."""

from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError, OperationalError

from app.domain.errors import CommitUnknown, InvalidInput, PrizewellError, Worded

_NO_TABLE = "42P01"


class WrongCommandLine(click.UsageError):
    """A command line that cannot be understood; ends like every other error."""

    exit_code = 1


class Commands(AppGroup):
    """The group of all commands; errors people can do something about become one line on standard error."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise WrongCommandLine(error.format_message(), error.ctx) from error
        except UnicodeEncodeError as error:
            raise click.ClickException("the command line holds bytes that are not UTF-8 text") from error
        except (PrizewellError, CommitUnknown) as error:
            raise click.ClickException(_told(error)) from error
        except DBAPIError as error:
            if (text := _known_trouble(error)) is None:
                raise
            raise click.ClickException(text) from error


def _told(error: Worded) -> str:
    return f"{error.field}: {error}" if isinstance(error, InvalidInput) else str(error)


def _known_trouble(error: DBAPIError) -> str | None:
    """What to tell about the database; None for what only a trace explains."""
    if getattr(error.orig, "sqlstate", None) == _NO_TABLE or "no such table" in str(error.orig):
        return "the database has no tables yet; make them with: flask db upgrade"
    if isinstance(error, OperationalError):
        reason = str(error.orig).strip().partition("\n")[0]
        return f"the database cannot be used ({reason}); see PRIZEWELL_DATABASE_URL"
    return None
