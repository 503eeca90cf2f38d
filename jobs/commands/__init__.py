"""The commands of ``darkbelle``: thin functions over the library, which they import when they run.

Nothing but click is imported at the top of these files, so that ``--help`` is there at once.
"""
