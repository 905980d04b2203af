"""Declarations: what a state is made of, and the objects that plain Python runs on."""
