"""What goes in: files of many kinds, read into articles."""
