import org.codehaus.groovy.runtime.GStringImpl
import org.codehaus.groovy.runtime.ScriptBytecodeAdapter
import org.kohsuke.groovy.sandbox.GroovyInterceptor

/**
 * Refuses what Jenkins refuses to libraries that are not trusted. It knows only the few of the
 * permitted signatures that the library needs: permitted.txt, in the notation of Jenkins' own list.
 */
class Sandbox extends GroovyInterceptor {

    /** What numbers are always allowed to do. */
    private static final Set<String> ARITHMETIC = ['plus', 'minus', 'multiply', 'next', 'previous', 'compareTo'] as Set

    private static final Set<Class> CONVERSIONS = [String, Integer, int, Boolean, boolean, List, Map, Object[], String[]] as Set

    private final ClassLoader own
    private final List<List<String>> permitted

    Sandbox(ClassLoader own, File permitted) {
        this.own = own
        this.permitted = permitted.readLines().findAll { it && !it.startsWith('#') }*.split(' ')*.toList()
    }

    @Override
    Object onMethodCall(GroovyInterceptor.Invoker invoker, Object receiver, String method, Object... arguments) {
        boolean isLanguage = receiver instanceof Closure || (receiver instanceof Number && ARITHMETIC.contains(method))
        check(isLanguage || isOwn(receiver.getClass()) || isPermitted(receiver, method, arguments),
            "method ${receiver.getClass().name} ${method}")
        return super.onMethodCall(invoker, receiver, method, arguments)
    }

    @Override
    Object onStaticCall(GroovyInterceptor.Invoker invoker, Class receiver, String method, Object... arguments) {
        // How a value becomes what a variable is declared to be; no constructor is called for these.
        boolean isConversion = receiver == ScriptBytecodeAdapter && method == 'asType' && CONVERSIONS.contains(arguments[1])
        check(isConversion || isOwn(receiver) || permitted.any { it[0] == 'staticMethod' && it[1] == receiver.name && it[2] == method }, "staticMethod ${receiver.name} ${method}")
        return super.onStaticCall(invoker, receiver, method, arguments)
    }

    @Override
    Object onNewInstance(GroovyInterceptor.Invoker invoker, Class receiver, Object... arguments) {
        check(receiver == GStringImpl || isOwn(receiver) || permitted.any { it[0] == 'new' && it[1] == receiver.name && it.size() == 2 + arguments.length }, "new ${receiver.name}")
        return super.onNewInstance(invoker, receiver, arguments)
    }

    @Override
    Object onGetProperty(GroovyInterceptor.Invoker invoker, Object receiver, String property) {
        Class type = receiver instanceof Class ? (Class) receiver : receiver.getClass()
        // The properties of a map are its entries.
        check(isOwn(type) || receiver instanceof Map || isPermitted(receiver, 'get' + property.capitalize(), [] as Object[]),
            "property ${type.name} ${property}")
        return super.onGetProperty(invoker, receiver, property)
    }

    /** Classes of the library and of the pipeline, and what Jenkins itself gives to both. */
    private boolean isOwn(Class type) {
        if (type in [PipelineScript, BuildVariables, CurrentBuild]) {
            return true
        }
        ClassLoader loader = type.classLoader
        while (loader != null && !loader.is(own)) {
            loader = loader.parent
        }
        return loader != null
    }

    private boolean isPermitted(Object receiver, String method, Object[] arguments) {
        return permitted.any { List<String> signature ->
            // A method that Groovy adds is a static one, whose first parameter is the receiver.
            int extra = signature[0] == 'staticMethod' && signature[1].startsWith('org.codehaus.groovy.runtime.') ? 1 : 0
            if ((extra == 0 && signature[0] != 'method') || signature[2] != method || signature.size() != 3 + extra + arguments.length) {
                return false
            }
            return Class.forName(signature[extra == 0 ? 1 : 3]).isInstance(receiver)
        }
    }

    private static void check(boolean isAllowed, String what) {
        if (!isAllowed) {
            throw new SecurityException("Scripts not permitted to use ${what}")
        }
    }
}
