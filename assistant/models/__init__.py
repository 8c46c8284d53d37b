"""What is trained, beside its weights and its card: the embedding and the reranker."""
