/** Jenkins lets `for (x in list)` and `for (entry in map)` stand around steps; so does the player. */
class ResumableIterators {

    static Iterator iterator(List list) {
        return new ResumableIterator(list)
    }

    static Iterator iterator(Map map) {
        return new ResumableIterator(map.collect { key, value -> new AbstractMap.SimpleImmutableEntry(key, value) })
    }
}
