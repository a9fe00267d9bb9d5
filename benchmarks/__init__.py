"""firth side by side with its peers: speed, memory, quality. Never part of the test gate."""
