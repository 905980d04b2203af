"""What a lowered model is turned into: one file a target."""
