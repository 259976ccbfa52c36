"""Reading matter made from analysis results: tables for the terminal and one HTML page."""
