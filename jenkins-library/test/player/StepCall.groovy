/** A step as a pipeline calls it: `sh(script: 'x', returnStatus: true)`, `echo 'x'`, `dir('x') { … }`. */
class StepCall {

    final String name
    final Map named
    final Object positional
    final Closure body

    StepCall(String name, Object[] arguments) {
        this.name = name
        List rest = arguments as List
        body = rest && rest.last() instanceof Closure ? rest.pop() : null
        named = rest && rest.first() instanceof Map ? rest.first() : [:]
        positional = rest && !(rest.first() instanceof Map) ? rest.first() : null
    }

    /** The value of a parameter, which may be given without its name when it is the only one. */
    Object get(String parameter) {
        return named.containsKey(parameter) ? named[parameter] : positional
    }

    String text(String parameter) {
        return get(parameter)?.toString()
    }
}
