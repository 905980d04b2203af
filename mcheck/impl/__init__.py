"""The kernel, executable: its state, and its steps as procedures named after the C functions."""
