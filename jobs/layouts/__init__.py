"""What kind of repository this is, and which commands make it ready and verify it: found from its files alone.

Most repositories follow one of a few customs, so most owners should not have to write anything down. What was found is
said in a sentence, and what is not supported is said too, with what to do instead: nothing is guessed in silence.
"""

from jobs.layouts.detect import detect, wanted
from jobs.layouts.layout import Layout, Part

__all__ = ["Layout", "Part", "detect", "wanted"]
