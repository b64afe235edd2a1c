"""What a drive is: layout, manifest, bag, chunks, release, trust. No web, no database."""
