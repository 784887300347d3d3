"""An archive of photos, answered by as many machines as there are: SOURCE → shards → workers → DEST.

A shard is some hundred photos of the archive and the unit of everything: one call of a worker, one file of answers that
appears whole or not at all, and what is done anew when a worker or the driver dies.
"""
