"""Questions with gold, the measures, and the batch run."""
