import com.cloudbees.groovy.cps.Outcome

/** One line of execution: the pipeline itself, or a branch of `parallel`. */
class Branch implements Serializable {

    private static final long serialVersionUID = 1L

    final int id
    final String name
    /** Whoever started it with `parallel`; null for the pipeline itself. */
    final Branch parent
    /** Blocks within blocks, the innermost last. */
    final List<Frame> frames = []
    /** What the innermost block is resumed with. */
    Outcome next = new Outcome(null, null)
    /** How many branches of its own it waits for. */
    int waitsFor = 0
    final Map results = new LinkedHashMap()
    Throwable failure

    Branch(int id, String name, Branch parent) {
        this.id = id
        this.name = name
        this.parent = parent
    }

    Frame getTop() {
        return frames.last()
    }
}
