"""The commands, one a file: `HELP`, `EXAMPLE`, `add_arguments(parser)` and `execute(args) -> exit code`.

Modules with an underscore are what several commands share.
"""
