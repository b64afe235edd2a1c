"""A browser's part of HTTP: cookies, forms with their tokens, the words of a page."""

from __future__ import annotations

import html
import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image.smoke.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_MARKUP = re.compile(r"<(script|style|svg|head)\b.*?</\1>|<[^>]+>", re.S)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, whatever its status. headers: names in lower case. url: after redirects."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""

    @property
    def words(self) -> str:
        """What a reader sees of a page, without markup."""
        return words_of(self.body.decode("utf-8", "replace"))


def words_of(page: str) -> str:
    """The text of a page, one blank between its parts."""
    return " ".join(html.unescape(_MARKUP.sub(" ", page)).split())


class Client:
    """One browser at one box."""

    def __init__(self, base: str) -> None:
        """Know the address; nothing is asked yet."""
        self.base = base
        self.forget()

    def forget(self) -> None:
        """Throw all cookies away."""
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str, patience: float = 60, **headers: str) -> Answer:
        """Ask for a page; status 0 when nobody answers."""
        request = urllib.request.Request(self.base + path, headers={k.replace("_", "-"): v for k, v in headers.items()})  # noqa: S310
        return self._ask(request, patience)

    def post(self, path: str, form_at: str, patience: float = 120, **fields: str) -> Answer:
        """Send a form as the page `form_at` holds it, token included.

        Raises:
            CheckError: there is no form.
        """
        page = self.get(form_at, patience).body.decode("utf-8", "replace")
        token = _TOKEN.search(page)
        if token is None:
            raise CheckError(f"no form at {form_at}")
        data = urllib.parse.urlencode({"csrf_token": html.unescape(token[1]), **fields}).encode()
        return self._ask(urllib.request.Request(self.base + path, data=data), patience)  # noqa: S310

    def stream(self, path: str, patience: float = 120) -> Iterator[bytes]:
        """The bytes of an answer as they come."""
        with self._opener.open(self.base + path, timeout=patience) as answer:
            while block := answer.read(65536):
                yield block

    def sign_in(self, name: str, password: str, own: str) -> str:
        """Sign in; a first password is replaced by `own`. Returns the password that holds now.

        Raises:
            CheckError: it was not taken.
        """
        answer = self.post("/staff/sign-in", "/staff/sign-in", name=name, password=password)
        if answer.url.endswith("/staff/password"):
            answer = self.post("/staff/password", "/staff/password", password=own, again=own)
            password = own
        if "/sign-in" in answer.url or "/password" in answer.url or answer.status != 200:
            raise CheckError(f"sign-in was not taken ({answer.status}): {answer.words[:120]}")
        return password

    def _ask(self, request: urllib.request.Request, patience: float) -> Answer:
        try:
            with self._opener.open(request, timeout=patience) as answer:
                headers = {k.lower(): v for k, v in answer.headers.items()}
                return Answer(answer.status, answer.read(), headers, answer.url)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}, error.url)
        except OSError:
            time.sleep(0.1)
            return Answer(0, b"")
