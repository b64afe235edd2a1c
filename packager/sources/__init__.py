"""Where resources come from: a folder with a catalogue and files."""
