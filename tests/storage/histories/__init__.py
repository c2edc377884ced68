"""Whole histories of a directory, simulated: clock, network, server, disk and cache are models. A seed is one."""
