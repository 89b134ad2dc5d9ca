"""The checker behind every annotated function of nsca while tests run.

beartype, with an int accepted where a float is asked for, as PEP 484 has it.
"""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
