"""What the model tells whoever measures it. Nothing here decides anything."""


class Figures:
    """Is told what happens, and forgets it: what measures overrides what it wants to know."""
