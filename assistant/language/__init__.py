"""Chinese, known once: matching form, sentences, words, numbers, days and names."""
