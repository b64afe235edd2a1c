"""What a box does with box files, recovery sticks and systems: the root steps, and the documents they leave."""
