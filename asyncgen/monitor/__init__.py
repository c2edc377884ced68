"""Show what a run is doing and has done: status, report, trace."""
