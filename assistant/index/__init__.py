"""What lies on disk: chunks, words and vectors in snapshots, and the refresh that makes them."""
