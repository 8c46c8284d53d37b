"""The doors for other programs and what stands before every door: limits, the public address, who is let in."""
