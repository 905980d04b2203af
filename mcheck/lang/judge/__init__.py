"""What lowered steps are judged by before anything runs: protection and ghosts."""
