"""What the documents and the kernel promise: clauses and properties."""
