import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.SerializableScript
import groovy.transform.CompileStatic
import org.codehaus.groovy.runtime.InvokerHelper

/** The base class of Jenkinsfiles and of the scripts in vars/: a name that is no method of theirs is a step. */
@CompileStatic
abstract class PipelineScript extends SerializableScript {

    private static final long serialVersionUID = 1L

    @Override
    Object invokeMethod(String name, Object arguments) {
        Object[] list = arguments as Object[]
        Object step = Build.current().findLibraryStep(name, binding)
        if (step != null) {
            return InvokerHelper.invokeMethod(step, 'call', list)
        }
        if (name == 'string') {
            // No step but the description of a credential, which is there at once.
            return list[0]
        }
        if (!Steps.NAMES.contains(name)) {
            throw new NoSuchMethodError("No such DSL method '${name}' found among steps ${Steps.NAMES.sort()}")
        }
        return Continuable.suspend(name, new StepCall(name, list))
    }

    /** A bare name that is no variable of the pipeline is one of the environment. */
    @Override
    Object getProperty(String name) {
        if (!binding.hasVariable(name) && Build.current().context.env.containsKey(name)) {
            return Build.current().context.env[name]
        }
        return super.getProperty(name)
    }
}
