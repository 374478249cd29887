"""Tokens of OneNET's current platform, by hand: made, explained, and tried with keys."""
