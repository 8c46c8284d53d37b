"""What is asked: kind, filters, and the question made whole from the conversation."""
