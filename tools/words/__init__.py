"""What people are told in Chinese: where it is found, and how it is kept whole."""
