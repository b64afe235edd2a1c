"""Pages, API and byte routes."""
