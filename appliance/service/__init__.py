"""The box as a service of its system: what it tells systemd, its journal and its screen, and how it begins."""
