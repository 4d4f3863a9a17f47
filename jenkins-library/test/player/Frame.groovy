import com.cloudbees.groovy.cps.Continuable

/** The block of one step, and what holds within it. */
class Frame implements Serializable {

    private static final long serialVersionUID = 1L

    final String step
    final Continuable program
    final Context context
    /** What the step has to remember until its block ends. */
    final Map details

    Frame(String step, Continuable program, Context context, Map details = [:]) {
        this.step = step
        this.program = program
        this.context = context
        this.details = details
    }
}
