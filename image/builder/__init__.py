"""Builds the bootable image, stage by stage, from Debian packages, hash-locked wheels and `image/overlay`."""
