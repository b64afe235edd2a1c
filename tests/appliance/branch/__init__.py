"""Copies for branches."""
