"""What `make bench` measures: one file for each loop that is timed."""
