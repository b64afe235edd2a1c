"""What the box keeps on its SSD: files, releases, holdings."""
