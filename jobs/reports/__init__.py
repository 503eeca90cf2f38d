"""HTML pages of runs, each one file that can be sent to a colleague."""
