"""A language model, where one is set: what it is asked, and the check of every sentence it says."""
