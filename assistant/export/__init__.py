"""What leaves the page: citations in the usual styles, and answers as text, Markdown and Word."""
