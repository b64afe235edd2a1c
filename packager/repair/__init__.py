"""What the national side does about damage in counties: the bytes that a box asks for."""
