"""One pattern for many words."""

import re

from hypothesis import given
from hypothesis import strategies as st

from asyncgen.quality.checks.any_of import any_of

words = st.lists(st.text("ab- .", min_size=1, max_size=4), min_size=1, max_size=6)


@given(words, st.text("ab- .", max_size=8))
def test_it_finds_what_a_list_of_the_words_finds_the_longest_first(words: list[str], text: str) -> None:
    """Whatever begins another, and whatever a regular expression would read in them."""
    listed = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    assert re.findall(any_of(words), text) == re.findall(listed, text)
