package hudson

/** A failure that Jenkins reports by its message alone. */
class AbortException extends IOException {
    AbortException(String message) {
        super(message)
    }
}
