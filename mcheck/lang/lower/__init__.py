"""The lowering: from a model's text to steps in normal form."""
