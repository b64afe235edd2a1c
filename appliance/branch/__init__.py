"""A verified copy for a branch: of a plugged drive, or of the library as it is now, onto another disk."""
