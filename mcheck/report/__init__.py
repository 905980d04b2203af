"""How a result is shown: for a terminal, for logs, for programs."""
