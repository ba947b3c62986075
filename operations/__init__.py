"""Every act of Reprise, once: a validated model in, a model out, no transport.

`api/`, `cli/` and every other face only translate; what an act does, who may do it and how it is
refused is here. `operations.catalogue` lists them.
"""
