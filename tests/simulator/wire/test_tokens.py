"""The token dictionaries out of the library."""

from simulator.wire.tokens import DOUBLE_COUNT, DOUBLE_TABLES, SINGLE_COUNT, dictionary


def test_they_are_whole() -> None:
    found = dictionary()
    assert (len(found.single), found.single[:2]) == (SINGLE_COUNT, ["", "xmlstreamstart"])
    assert [len(table) for table in found.double] == [DOUBLE_COUNT] * DOUBLE_TABLES
    assert found.double[0][:2] == ["read-self", "active"]
    assert dictionary() is found, "they are looked for once"


def test_each_word_is_found_by_its_bytes() -> None:
    found = dictionary()
    for number, word in enumerate(found.single[1:], 1):
        assert found.index[word] == bytes((number,))
    for word in {word for table in found.double for word in table}:
        if len(found.index[word]) == 1:
            assert word in found.single, "the short form wins"
        else:
            table, place = found.index[word]
            assert found.double[table - 236][place] == word
