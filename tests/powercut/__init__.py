"""Power cuts and kills: what is left of the box's state after any of them, and whether it comes up again."""
