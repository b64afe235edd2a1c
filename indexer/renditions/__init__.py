"""Derived views of hostile files, made in a limited child process."""
