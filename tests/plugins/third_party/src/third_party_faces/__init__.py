"""A method and two instruments, as somebody else would publish them."""
