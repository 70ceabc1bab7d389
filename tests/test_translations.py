"""Every language is complete: each text of the source has its translation, and no other is there."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

from app.config import ROOT
from app.domain.languages import ENTRANTS, STAFF
from tests.support.translations import CATALOGUES

PLACE = re.compile(r"%\((\w+)\)s|%(?!\()|</?\w+")
SPOKEN = {path.parts[-3]: path for path in CATALOGUES}
EVERYTHING, ENTRANTS_ONLY = "pyproject.toml", "app/translations/entrants.toml"
Texts = dict[tuple[str | None, str], Message]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Texts]:
    """The texts of the source as it stands, collected the way `make messages` does: all, and entrants'."""
    folder = tmp_path_factory.mktemp("texts")
    return {mapping: collect(mapping, folder / "messages.pot") for mapping in (EVERYTHING, ENTRANTS_ONLY)}


def collect(mapping: str, template: Path) -> Texts:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        words = ["pybabel", "-q", "extract", "-F", mapping, "-o", str(template), "."]
        CommandLineInterface().run(words)  # type: ignore[no-untyped-call]
    return texts_of(catalogue(template))


@pytest.fixture(params=[name for name in ENTRANTS if name != "en"])
def language(request: pytest.FixtureRequest) -> Catalog:
    """A language that visitors can choose."""
    return catalogue(SPOKEN[request.param])


@pytest.fixture
def wanted(collected: dict[str, Texts], language: Catalog) -> Texts:
    """The texts that language has to have."""
    return collected[EVERYTHING if str(language.locale) in STAFF else ENTRANTS_ONLY]


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def texts_of(texts: Catalog) -> Texts:
    return {(text.context, forms(text.id)[0]): text for text in texts if text.id}


def forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]


def test_every_language_on_offer_has_its_file() -> None:
    assert SPOKEN.keys() | {"en"} == set(ENTRANTS)


def test_every_text_is_translated(wanted: Texts, language: Catalog) -> None:
    there = texts_of(language)
    assert not sorted(str(key) for key in wanted.keys() - there.keys()), "run `make messages` and translate"
    assert not [key for key, text in there.items() if not all(forms(text.string))]
    assert not [key for key, text in there.items() if text.fuzzy]


def test_no_text_is_stale(wanted: Texts, language: Catalog) -> None:
    assert not texts_of(language).keys() - wanted.keys(), "run `make messages`"
    assert not language.obsolete


def test_plurals_are_those_of_the_source_and_complete(wanted: Texts, language: Catalog) -> None:
    for key, text in texts_of(language).items():
        assert forms(text.id) == forms(wanted[key].id)
        assert len(forms(text.string)) == (language.num_plurals if text.pluralizable else 1), key


def test_places_and_markup_are_those_of_the_source(language: Catalog) -> None:
    for key, text in texts_of(language).items():
        expected = sorted(PLACE.findall(forms(text.id)[-1]))
        for translated in forms(text.string):
            assert sorted(PLACE.findall(translated)) == expected, key
            assert translated == translated.strip(), key


def test_what_entrants_meet_is_a_part_of_all_texts(collected: dict[str, Texts]) -> None:
    everything, entrants = collected[EVERYTHING], collected[ENTRANTS_ONLY]
    assert entrants.keys() < everything.keys()
    assert (None, "Try my luck") in entrants
    assert (None, "You won") in entrants
    assert (None, "Save") not in entrants


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node


def test_no_text_hides_from_collection() -> None:
    """A text within an f-string, and a template that is one, would never be found."""
    python, *_ = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["babel"]["mappings"]
    places = {
        name: int(place or 1) for name, _, place in (word.partition(":") for word in python["keywords"])
    }
    places |= {"_": 1, "gettext": 1, "ngettext": 1, "pgettext": 2}
    hidden = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        within = [
            name for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for name, _ in calls(node)
        ]
        cut = [
            name
            for name, call in calls(tree)
            if name in places
            and any(isinstance(word, ast.JoinedStr) for word in call.args[places[name] - 1 : places[name]])
        ]
        hidden += [(path.name, name) for name in [*within, *cut] if name in places]
    assert not hidden
