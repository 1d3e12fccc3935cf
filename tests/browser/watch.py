"""Notes what a browser has to complain about while it shows pages."""

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation",
    event => console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI}`));
"""


class Watch:
    """Collects errors and warnings of the console, script errors, CSP violations and failed requests of a page.

    A document that is itself refused (a wrong password, an unknown address) is no problem: its test looks at it.

    Attributes:
        page: the watched page.
        problems: what went wrong, in order.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self._refused: set[str] = set()
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failed_request)
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)

    def _on_response(self, response: Response) -> None:
        if response.status < 400:
            return
        if response.request.is_navigation_request():
            self._refused.add(_document(response.url))
        else:
            self.problems.append(f"{response.status} {response.url}")

    def _on_failed_request(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before its icon had come
            self.problems.append(f"{request.failure} {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        is_of_document = _document(message.location["url"]) in self._refused
        is_refused_document = is_of_document and "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not is_refused_document:
            self.problems.append(f"{message.type}: {message.text}")

    def _on_page_error(self, error: Error) -> None:
        self.problems.append(f"script: {error}")


def _document(url: str) -> str:
    """An address without the place in its document, which only some events name."""
    return url.partition("#")[0]
