"""`provisioning flash`: the image of a box onto a disk, read back, with the library's box file in it if wanted."""
