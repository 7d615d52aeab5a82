//! Tools for tests: a raw revision-1 peer, real processes, the vector runner.
