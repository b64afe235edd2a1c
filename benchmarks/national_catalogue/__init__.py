"""Catalogue records of a national digital library for counties, composed from word lists; `national.py` mixes them."""
