"""How a drive becomes trusted and ready, or is refused with a reason."""
