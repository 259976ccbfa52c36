"""Speed, memory and exactness of this Glow beside the flows of other packages."""
