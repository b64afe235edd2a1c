"""Fetches Chromium 109 for the tests."""

from tests.browser.chromium109 import chromium109

chromium109()
