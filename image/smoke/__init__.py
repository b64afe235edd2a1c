"""The shipped image, booted in QEMU and looked at from outside: pages, screen, network, and its disk afterwards.

There is no door for tests in the image: no console, no account, no key. Whatever is said here was seen as a reader, a
member of staff, or someone at the wall socket sees it.
"""
