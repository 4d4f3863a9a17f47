/** Collects what a section of a declarative pipeline says; nothing in it is run while it is read. */
class DeclarativeSection implements Serializable {

    private static final long serialVersionUID = 1L

    final Map<String, Object> said = new LinkedHashMap<>()
    final List<Map> stages = []

    /** `agent any`, `agent none`. */
    final String any = 'any'
    final String none = 'none'

    void stage(String name, Closure block) {
        stages.add([name: name, block: block])
    }

    Object invokeMethod(String name, Object arguments) {
        said[name] = ((Object[]) arguments).last()
        return null
    }

    void setProperty(String name, Object value) {
        said[name] = value.toString()
    }
}
