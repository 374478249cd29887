"""Packages: a program in one file, for boards that are updated over the air."""
