"""The screen that may stand at the box: its light, one sentence, and how to reach it from a phone."""
