"""How the weights in models/ are made; nothing else trains."""
