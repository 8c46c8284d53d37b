"""Passages become what answers: quotes, the short answer, or a refusal."""
