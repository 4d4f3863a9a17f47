/** What holds for the steps of a block. */
class Context implements Serializable {

    private static final long serialVersionUID = 1L

    final Map<String, String> env = new LinkedHashMap<>()
    /** Undefined outside of `node`. */
    String directory
    List<String> secrets = []
    /** Milliseconds since 1970; 0 when there is no limit. */
    long deadlineMs = 0

    Context copy() {
        Context other = new Context(directory: directory, secrets: new ArrayList(secrets), deadlineMs: deadlineMs)
        other.env.putAll(env)
        return other
    }

    /** As withEnv does: `NAME=` unsets, `PATH+WHAT=x` puts x in front of PATH, and `$NAME` is replaced. */
    Context withVariables(List<String> variables) {
        Context other = copy()
        for (String variable : variables) {
            int split = variable.indexOf('=')
            if (split == -1) {
                throw new IllegalArgumentException(variable)
            }
            String name = variable.substring(0, split)
            String value = expand(variable.substring(split + 1))
            if (name.contains('+')) {
                name = name.substring(0, name.indexOf('+'))
                value = env[name] ? value + File.pathSeparator + env[name] : value
            }
            if (value.isEmpty()) {
                other.env.remove(name)
            } else {
                other.env[name] = value
            }
        }
        return other
    }

    private String expand(String value) {
        return value.replaceAll(/\$(\$|[A-Za-z0-9_]+|\{[A-Za-z0-9_.]+\})/) { String whole, String name ->
            name == '$' ? '$' : env.getOrDefault(name.replaceAll(/[{}]/, ''), whole)
        }
    }
}
