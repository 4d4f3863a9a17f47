/** `env`: what holds where it is asked for. */
class BuildVariables implements Serializable {

    private static final long serialVersionUID = 1L

    Object getProperty(String name) {
        return Build.current().context.env[name]
    }
}
