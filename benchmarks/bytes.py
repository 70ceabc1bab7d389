"""What a phone loads to show the landing page, and what the form adds once somebody turns to it."""

from collections.abc import Iterator

from playwright.sync_api import Page, Response, sync_playwright

from benchmarks.ground import Grounds, Missing
from benchmarks.pace import Pace
from benchmarks.report import Figure, Goal
from tests.support import browser
from tests.support.site import running_site


class Bytes:
    """Counted in a real browser, which alone knows which fonts and modules it needs; the same every time.

    Bodies count as they come over the wire, packed by the server with gzip.
    """

    def __init__(self, grounds: Grounds, _pace: Pace) -> None:
        self.rounds = 1
        self.notes: list[str] = []
        if browser.find() is None:
            raise Missing("no browser is installed (Debian: chromium)")
        self._grounds = grounds
        self._plain = Figure("landing page, as sent, pictures apart", "KB", Goal(45, at_least=False))
        self._full = Figure("   with htmx and the CAPTCHA's files", "KB", Goal(90, at_least=False))
        self._pictures = Figure("   pictures", "KB")
        self._requests = Figure("   requests before anybody touches it", "")

    def round(self) -> None:
        """Load the page, then go to the form, which brings the CAPTCHA in."""
        folder = self._grounds.folder
        with (
            running_site(self._grounds.sqlite.fresh(), folder) as port,
            sync_playwright() as playwright,
            playwright.chromium.launch(
                executable_path=str(browser.find()), args=list(browser.FLAGS), headless=True
            ) as chromium,
        ):
            page = chromium.new_page()
            loaded: list[Response] = []
            page.context.on("response", lambda answer: loaded.append(answer))  # noqa: PLW0108 -- it wants a function
            page.goto(f"http://127.0.0.1:{port}/c/summer", wait_until="networkidle")
            self._requests.values.append(len(loaded))
            self._plain.values.append(_kilobytes(loaded, pictures=False))
            self.notes = [_heaviest(loaded)]
            self._turn_to_the_form(page)
            self._full.values.append(_kilobytes(loaded, pictures=False))
            self._pictures.values.append(_kilobytes(loaded, pictures=True))

    def _turn_to_the_form(self, page: Page) -> None:
        page.locator("form.entry-form input[name=name]").focus()
        page.locator("altcha-widget input[type=checkbox]").wait_for(state="attached")
        page.wait_for_load_state("networkidle")

    def figures(self) -> Iterator[Figure]:
        """In thousands of bytes."""
        yield from (self._plain, self._full, self._pictures, self._requests)


def _kilobytes(loaded: list[Response], *, pictures: bool) -> float:
    chosen = (each for each in loaded if (each.request.resource_type == "image") is pictures)
    return sum(map(_packed, chosen)) / 1000


def _heaviest(loaded: list[Response]) -> str:
    sizes = sorted(((_packed(each), each.url.rpartition("/")[2]) for each in loaded), reverse=True)
    return "landing page: " + ", ".join(f"{name} {size / 1000:.1f} KB" for size, name in sizes)


def _packed(response: Response) -> int:
    return response.request.sizes()["responseBodySize"]
