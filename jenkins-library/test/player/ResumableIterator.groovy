/** Goes through a list as it was, and can be written out on the way. */
class ResumableIterator implements Iterator, Serializable {

    private static final long serialVersionUID = 1L

    private final List elements
    private int index = 0

    ResumableIterator(List elements) {
        this.elements = new ArrayList(elements)
    }

    boolean hasNext() {
        return index < elements.size()
    }

    Object next() {
        return elements.get(index++)
    }

    void remove() {
        throw new UnsupportedOperationException()
    }
}
