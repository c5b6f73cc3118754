"""A browser for tests: follows redirects, reads forms, and keeps and sends cookies by the rules of SameSite.

Only what sign-in needs (RFC 6265bis §5.5 to §5.8): every request is a navigation of the whole window.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import Morsel, SimpleCookie
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

import httpx


@dataclass
class Form:
    """A form of a page, with what its fields hold already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif tag == "input" and self.found and given.get("name"):
            self.found[-1].fields[given["name"]] = given.get("value", "")


@dataclass(frozen=True)
class Page:
    """Where the browser is now."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.text)
        return parser.found

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


def _site(url: SplitResult) -> tuple[str, str]:
    """Scheme and registrable domain; an address of numbers is its own."""
    host = url.hostname or ""
    return url.scheme, host if host.replace(".", "").isdigit() else ".".join(host.split(".")[-2:])


class Browser:
    """One window. `shop` enters our application by the door; other hosts are real servers.

    It stops at the origins of `absent`, which are not there in tests, such as the customer app's.
    """

    def __init__(self, shop: httpx.AsyncClient, *, api: str, absent: Collection[str]) -> None:
        self._shop = shop
        self._api = urlsplit(api)
        self._absent = absent
        self.cookies: dict[str, dict[str, Morsel[str]]] = {}
        self.history: list[str] = []

    async def open(self, url: str) -> Page:
        """Type an address."""
        return await self._go("GET", url, None, by=None)

    async def follow(self, url: str, *, at: str) -> Page:
        """Follow a link on a page at this address."""
        return await self._go("GET", url, None, by=urlsplit(at))

    async def submit(self, page: Page, form: Form, **typed: str) -> Page:
        """Send a form as it stands, with what is typed into it."""
        action = urljoin(page.url, form.action)
        return await self._go(form.method, action, {**form.fields, **typed}, by=urlsplit(page.url))

    def sends(self, url: str, *, method: str, by: str | None) -> dict[str, str]:
        """Return the cookies that go with a request that a page at `by` causes."""
        return self._cookies_for(urlsplit(url), method, None if by is None else urlsplit(by))

    async def _go(
        self, method: str, url: str, form: Mapping[str, str] | None, *, by: SplitResult | None
    ) -> Page:
        for _ in range(20):
            self.history.append(url)
            target = urlsplit(url)
            if f"{target.scheme}://{target.netloc}" in self._absent:
                return Page(url, 200, "")
            cookies = self._cookies_for(target, method, by)
            answer = await self._send(method, target, form, self._headers(method, cookies, by))
            self._keep(target, answer)
            if not answer.is_redirect:
                return Page(url, answer.status_code, answer.text)
            url = urljoin(url, answer.headers["location"])
            if answer.status_code in {302, 303}:
                method, form = "GET", None
        raise AssertionError(f"redirected for ever: {url}")

    @staticmethod
    def _headers(method: str, cookies: Mapping[str, str], by: SplitResult | None) -> dict[str, str]:
        headers = (
            {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        )
        if method == "POST" and by is not None:
            headers["Origin"] = f"{by.scheme}://{by.netloc}"
        return headers

    async def _send(
        self, method: str, target: SplitResult, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        if target.netloc == self._api.netloc:
            return await self._shop.request(method, target.geturl(), data=form, headers=headers)
        async with httpx.AsyncClient() as http:
            return await http.request(method, target.geturl(), data=form, headers=headers)

    def _keep(self, target: SplitResult, answer: httpx.Response) -> None:
        jar = self.cookies.setdefault(target.netloc, {})
        for line in answer.headers.get_list("set-cookie"):
            for name, cookie in SimpleCookie(line).items():
                if name.startswith("__Host-"):
                    assert cookie["secure"], line
                    assert (cookie["path"], cookie["domain"]) == ("/", ""), line
                if cookie["samesite"].lower() == "none":
                    assert cookie["secure"], line
                assert not cookie["secure"] or target.scheme == "https", line
                if cookie["max-age"] == "0":
                    jar.pop(name, None)
                else:
                    jar[name] = cookie

    def _cookies_for(self, target: SplitResult, method: str, by: SplitResult | None) -> dict[str, str]:
        cross_site = by is not None and _site(by) != _site(target)
        sent = {}
        for name, cookie in self.cookies.get(target.netloc, {}).items():
            same_site = cookie["samesite"].lower() or "lax"
            if cross_site and (same_site == "strict" or (same_site == "lax" and method != "GET")):
                continue
            sent[name] = cookie.value
        return sent
