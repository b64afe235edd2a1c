"""The bootable image: how it is built (`builder`), what runs as root in it (`drive`), its files (`overlay`)."""
