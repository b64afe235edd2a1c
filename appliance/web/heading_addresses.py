"""Addresses of names and subjects: their own pages, and the ordinary search with a filter where there is one."""

from __future__ import annotations

from flask import url_for

from appliance.web.query import FILTERS, SearchAddress

_QUOTES = str.maketrans(dict.fromkeys('"“”„‟＂', " "))


def creator_url(name: str, who: str = "") -> str:
    """The page of a creator; `who` is a dynasty or dates, where several have the name."""
    return url_for("patrons.creator", name=name, who=who or None)


def subject_url(name: str) -> str:
    """The page of a subject."""
    return url_for("patrons.subject", name=name)


def words_url(words: str) -> str:
    """A search for words, whatever signs are in them."""
    return SearchAddress(" ".join(words.translate(_QUOTES).split())).url()


def search_url(kind: str, value: str, *, sort: str = "relevance", **filters: str) -> str:
    """A search for a value of `kind`: by the filter of that name where search has one, else by its words."""
    if kind in FILTERS:
        return SearchAddress(filters={kind: value, **filters}, sort=sort).url()
    name = f"{kind}:" if kind in {"creator", "subject"} else ""
    return SearchAddress(f'{name}"{" ".join(value.translate(_QUOTES).split())}"', filters, sort).url()
