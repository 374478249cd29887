"""The pages of docs/ that the code writes: api.md from docstrings, and in config.md what the board checks."""
