import com.cloudbees.groovy.cps.Continuable
import com.cloudbees.groovy.cps.CpsTransformer
import com.cloudbees.groovy.cps.Env
import com.cloudbees.groovy.cps.Envs
import com.cloudbees.groovy.cps.Outcome
import com.cloudbees.groovy.cps.TransformerConfiguration
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation
import com.cloudbees.groovy.cps.Continuation
import com.cloudbees.groovy.cps.sandbox.SandboxInvoker
import hudson.AbortException
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.customizers.ImportCustomizer
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/**
 * One build of a Jenkinsfile. It is compiled and run by the transformer and the interpreter that
 * Jenkins itself uses, and at every step the whole program is written out and read back, as if
 * Jenkins was restarted there.
 */
class Build {

    private static final List<Class> CATEGORIES = Continuable.categories + ResumableIterators

    private static final Map<List, GroovyClassLoader> LIBRARIES = [:]

    private static Build running

    final Map request
    final StringBuilder log = new StringBuilder()
    final List<Map> stepsSeen = []
    String result = 'SUCCESS'
    int restarts = 0

    private final boolean isSandboxed
    private final GroovyClassLoader libraries
    private final GroovyClassLoader loader
    private final Steps steps
    private Program program = new Program()
    private Branch active
    private int branchCount = 0

    Build(Map request) {
        this.request = request
        isSandboxed = request.isSandboxed == true
        libraries = librariesOf((List<String>) request.libraries, isSandboxed)
        loader = new GroovyClassLoader(libraries, compilerConfiguration(isSandboxed))
        steps = new Steps(this)
    }

    static Build current() {
        return running
    }

    Map run() {
        running = this
        Throwable failure = null
        CpsCallableInvocation.registerMismatchHandler(Build.&refuseMismatch)
        try {
            start()
            failure = runToEnd()
        } catch (Throwable error) {
            failure = error
        }
        active = null
        if (failure != null) {
            result = failure instanceof FlowInterruptedException ? 'ABORTED' : 'FAILURE'
            println(failure instanceof AbortException ? "ERROR: ${failure.message}" : failure.toString())
        }
        return [
            result: result,
            log: log.toString(),
            error: failure == null ? null : [type: failure.class.name, message: failure.message],
            steps: stepsSeen,
            restarts: restarts,
        ]
    }

    Context getContext() {
        return active.top.context
    }

    void println(String line) {
        String masked = active == null ? line : context.secrets.inject(line) { text, secret -> text.replace(secret, '****') }
        log.append(masked).append('\n')
    }

    /** A script of vars/ or a class of that name; one instance for the whole build, as in Jenkins. */
    Object findLibraryStep(String name, Binding binding) {
        if (binding.hasVariable(name)) {
            return binding.getVariable(name)
        }
        if (!request.libraries.any { new File((String) it, "vars/${name}.groovy").exists() }) {
            return null
        }
        Object step = loader.loadClass(name).newInstance()
        if (step instanceof Script) {
            step.binding = new Binding(binding.variables)
        }
        binding.setVariable(name, step)
        return step
    }

    private void start() {
        Script script = (Script) loader.parseClass((String) request.jenkinsfile, 'WorkflowScript.groovy').newInstance()
        script.binding = new Binding([env: new BuildVariables(), currentBuild: new CurrentBuild(), scm: [:], params: request.params ?: [:]])
        Context context = new Context()
        context.env.putAll(request.buildEnv)
        Branch main = new Branch(branchCount++, 'main', null)
        main.frames.add(new Frame('main', new Continuable(script, surroundings()), context))
        program.branches.add(main)
    }

    /** @return what the pipeline ended with; null when all was well */
    private Throwable runToEnd() {
        int turn = 0
        while (true) {
            List<Branch> ready = program.branches.findAll { it.waitsFor == 0 }
            // In turn, so that branches of `parallel` alternate at each of their steps.
            active = ready[turn++ % ready.size()]
            Frame frame = active.top
            Outcome outcome = resume(frame.program)
            if (frame.program.isResumable()) {
                take((StepCall) outcome.normal)
            } else if (!leave(frame, outcome)) {
                return outcome.abnormal
            }
        }
    }

    private Outcome resume(Continuable part) {
        if (!isSandboxed) {
            return part.run0(active.next, CATEGORIES)
        }
        Sandbox sandbox = new Sandbox(libraries, new File((String) request.permitted))
        sandbox.register()
        try {
            return part.run0(active.next, CATEGORIES)
        } finally {
            sandbox.unregister()
        }
    }

    /** Takes one step, with a restart before what is outside of the program happens. */
    private void take(StepCall call) {
        note(call)
        try {
            if (call.name == 'parallel') {
                fork(call)
                restart()
            } else if (call.body != null) {
                enter(call.name, call.body, steps.contextOf(call), steps.detailsOf(call))
                restart()
            } else {
                active.next = null
                restart()
                active.next = new Outcome(steps.run(call), null)
            }
        } catch (NotSerializableException error) {
            throw error
        } catch (Throwable error) {
            active.next = new Outcome(null, error)
        }
    }

    private void note(StepCall call) {
        stepsSeen.add([
            name: call.name,
            parameters: call.named.collectEntries { key, value -> [key, value?.toString()] },
            value: call.positional?.toString(),
            env: new LinkedHashMap(context.env),
        ])
    }

    private void restart() {
        int id = active.id
        program = program.afterRestart(loader)
        active = program.branches.find { it.id == id }
        restarts++
    }

    private void enter(String step, Closure body, Context context, Map details) {
        active.frames.add(new Frame(step, programOf(body), context, details))
        active.next = new Outcome(null, null)
    }

    private Continuable programOf(Closure body) {
        try {
            body.call()
        } catch (CpsCallableInvocation invocation) {
            return new Continuable(invocation.invoke(surroundings(), null, Continuation.HALT))
        }
        throw new IllegalStateException('a block that was not transformed')
    }

    private Env surroundings() {
        return isSandboxed ? Envs.empty(new SandboxInvoker()) : Envs.empty()
    }

    private void fork(StepCall call) {
        Map<String, Closure> blocks = call.named.findAll { it.value instanceof Closure }
        active.waitsFor = blocks.size()
        for (Map.Entry<String, Closure> block : blocks.entrySet()) {
            Branch branch = new Branch(branchCount++, block.key, active)
            branch.frames.add(new Frame('branch', programOf(block.value), context.copy()))
            program.branches.add(branch)
        }
    }

    /** Ends a block. @return false when it was the pipeline itself */
    private boolean leave(Frame frame, Outcome outcome) {
        active.frames.remove(active.frames.size() - 1)
        if (frame.step == 'main') {
            return false
        }
        if (frame.step == 'branch') {
            join(active, outcome)
            return true
        }
        Outcome seen = steps.outcomeOf(frame, outcome)
        if (seen == null) {
            enter(frame.step, frame.details.body, frame.context, frame.details)
        } else {
            active.next = seen
        }
        return true
    }

    private void join(Branch branch, Outcome outcome) {
        Branch parent = branch.parent
        program.branches.removeAll { it.id == branch.id }
        parent.results[branch.name] = outcome.normal
        parent.failure = parent.failure ?: outcome.abnormal
        if (--parent.waitsFor == 0) {
            parent.next = new Outcome(parent.failure == null ? new LinkedHashMap(parent.results) : null, parent.failure)
            parent.results.clear()
            parent.failure = null
        }
    }

    /** Transformed code was called by code that is not; Jenkins warns, and goes on with half of it done. */
    private static void refuseMismatch(Object expectedReceiver, String expected, Object actualReceiver, String actual) {
        throw new IllegalStateException("expected to call ${expected} but wound up catching ${actual}")
    }

    /** Compiled once for all builds: nothing of a library but its code outlives a build. */
    private static GroovyClassLoader librariesOf(List<String> folders, boolean isSandboxed) {
        return LIBRARIES.computeIfAbsent([folders, isSandboxed]) {
            GroovyClassLoader libraries = new GroovyClassLoader(Build.classLoader, compilerConfiguration(isSandboxed))
            for (String folder : folders) {
                libraries.addClasspath(folder + '/src')
                libraries.addClasspath(folder + '/vars')
            }
            return libraries
        }
    }

    private static CompilerConfiguration compilerConfiguration(boolean isSandboxed) {
        CpsTransformer transformer = isSandboxed ? new SandboxedTransformer() : new CpsTransformer()
        transformer.configuration = new TransformerConfiguration()
        CompilerConfiguration configuration = new CompilerConfiguration(scriptBaseClass: PipelineScript.name)
        configuration.addCompilationCustomizers(transformer, new ImportCustomizer().addImports('org.jenkinsci.plugins.workflow.libs.Library', 'com.cloudbees.groovy.cps.NonCPS'))
        return configuration
    }
}
