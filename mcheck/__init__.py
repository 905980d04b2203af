"""A model checker for how Linux migrates physical pages while CPUs keep using them."""

__version__ = "0.1.0"
