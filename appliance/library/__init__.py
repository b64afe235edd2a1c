"""The union of all releases that the box can give right now."""
