"""A simulated installation: the real system under a clock that can be moved forward."""
