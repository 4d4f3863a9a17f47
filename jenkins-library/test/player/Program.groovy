import com.cloudbees.groovy.cps.ObjectInputStreamWithLoader

/** All that Jenkins would write to disk of a running pipeline. */
class Program implements Serializable {

    private static final long serialVersionUID = 1L

    final List<Branch> branches = []

    /** The same program as it is after Jenkins was restarted. */
    Program afterRestart(ClassLoader loader) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream()
        new ObjectOutputStream(bytes).withStream { it.writeObject(this) }
        return (Program) new ObjectInputStreamWithLoader(new ByteArrayInputStream(bytes.toByteArray()), loader).readObject()
    }
}
