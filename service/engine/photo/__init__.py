"""One photo: its file, crops, inference, and the answer in its own pixels."""
