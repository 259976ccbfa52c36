"""Charts as SVG of our own making, and how they stand alone."""
