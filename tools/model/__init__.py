"""A program for a board beside the thing model of its product: whether they fit, and the beginning of one."""
