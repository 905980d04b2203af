"""Steps as guarded commands, for checkers that take a guard as one expression."""
