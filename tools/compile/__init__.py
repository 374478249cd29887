"""What makes of the board's sources the files that a board gets."""
