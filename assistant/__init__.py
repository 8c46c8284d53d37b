"""Ask a city's newspaper about local governance and events; every statement shows its source."""
