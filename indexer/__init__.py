"""What a resource is: model, records, access gate, checks, catalogue, analysis, codec, search."""

__version__ = "0.1.0"
"""Version of the whole product; pyproject.toml takes it from here."""
